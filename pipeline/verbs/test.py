"""`modferry test`: options, progress, results."""

from pathlib import Path

import click

from pipeline.cli import App
from pipeline.commands.results import SuiteResult, junit_xml
from pipeline.commands.test import Request, plan_tests, run_tests
from pipeline.commands.trust import main_signers
from pipeline.domain.evidence import short
from pipeline.domain.verdict import Suite, Verdict, exit_for
from pipeline.errors import Exit, UsageError
from pipeline.verbs.names import complete_modules
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.verbs.progress import ConsoleProgress
from pipeline.wiring import open_project, open_workbench, signer_of

SUITES = [suite.value for suite in Suite]


@click.command()
@click.argument("modules", nargs=-1, metavar="[MODULE]...", shell_complete=complete_modules)
@click.option("--since", metavar="REF", help="Only what changes since REF reach.")
@click.option("--suite", "suites", multiple=True, type=click.Choice(SUITES), help="Only this suite (repeatable).")
@click.option("--on", "target", type=click.Choice(["moto", "localstack", "account"]), help="Where suites run.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="Parts that run at once.")
@click.option("--fresh", is_flag=True, help="Run also what has evidence.")
@click.option("--cold", is_flag=True, help="Stock Terraform, without the warm provider.")
@click.option("--shard", metavar="I/N", default="1/1", help="Only shard I of N (see `modferry ci matrix`).")
@click.option(
    "--executor", metavar="dask://HOST:PORT", help="Run parts on the workers of a dask scheduler (docs/executors.md)."
)
@click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML there.")
@dry_run_option
@json_option
@click.pass_obj
def test(
    app: App,
    modules: tuple[str, ...],
    since: str | None,
    suites: tuple[Suite, ...],
    target: str | None,
    jobs: int | None,
    fresh: bool,
    cold: bool,
    shard: str,
    executor: str | None,
    junit: Path | None,
    dry_run: bool,
) -> Exit:
    """Run suites and record evidence of exactly these bytes.

    \b
    Examples:
      modferry test                     what has no evidence yet
      modferry test vpc --suite unit    one suite of one module
      modferry test --since main -j 4   what my change reaches
    """
    project = open_project(app.directory, app.environ, app.now)
    bench = open_workbench(project, app.environ, target=target, jobs=jobs, cold=cold, executor=executor)
    request = Request(
        modules=modules, since=since, suites=tuple(Suite(s) for s in suites), fresh=fresh, shard=_shard(shard)
    )
    sign = signer_of(project, app.environ)
    plan = plan_tests(project, request, bench, signers=main_signers(project) if sign else None)
    if dry_run:
        for part in plan.parts:
            app.console.say(f"would run {part.module} {part.suite} {part.label} on {bench.target}")
        app.console.document("test", {"dry_run": True, "results": [r.to_json() for r in plan.reused]})
        return Exit.DONE
    results = run_tests(project, plan, bench, ConsoleProgress(app.console), sign=sign)
    if junit:
        junit.write_text(junit_xml(results))
    _show(app, results)
    for note in dict.fromkeys(bench.notes):
        app.console.warn(note)
    app.console.document("test", {"results": [r.to_json() for r in results], "provider": bench.stats})
    if not results:
        app.console.say("Nothing to test.")
        return Exit.NOTHING
    return exit_for(r.verdict for r in results)


def _shard(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise UsageError(f"{text!r} is not a shard.", remedy="write it like 1/4")
    return int(index), int(count)


def _show(app: App, results: tuple[SuiteResult, ...]) -> None:
    rows = []
    for result in results:
        how = "known" if result.reused else f"{result.seconds:.1f} s"
        flaky = f", flaky: {', '.join(result.flaky)}" if result.flaky else ""
        count = "" if result.reused else str(len(result.cases))
        rows.append((result.module, result.key.suite, f"{result.verdict}{flaky}", count, how, short(result.key.digest)))
    if rows:
        app.console.table("", ("module", "suite", "verdict", "cases", "time", "digest"), rows)
    for result in results:
        for case in result.cases:
            if case.verdict not in (Verdict.PASSED,):
                app.console.say(f"{result.module} {case.name}: {case.verdict}\n  {case.message.strip()[:2000]}")
        for finding in result.found.get("findings", ()):
            app.console.say(f"{result.module} upgrade: {finding['bump']}  {finding['rule']}  {finding['says']}")
        if result.verdict is Verdict.UNSUPPORTED:
            app.console.warn(f"{result.module} {result.key.suite}: some cases are unsupported on {result.key.target}")
        if result.verdict is Verdict.EMPTY:
            app.console.warn(f"{result.module} has no case in its {result.key.suite} suite: that is not a pass")
