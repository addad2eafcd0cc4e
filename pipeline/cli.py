"""argv → one command → exit code; the only sys.exit.

Commands are imported when they are called: `modferry --help` must not pay for boto3.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click

from pipeline import __version__
from pipeline.console import Console
from pipeline.errors import Exit, ModferryError

VERBS: Mapping[str, tuple[str, str]] = {
    "demo": ("demo", "The whole story on an embedded emulator, in a throw-away clone."),
    "modules": ("modules", "Modules, closures, latest versions, what changed, digests."),
    "test": ("test", "Run suites and record evidence; reuse what is known of these bytes."),
    "diff": ("diff", "What changed in a module's interface, and the bump it needs."),
    "docs": ("docs", "Write or check the README tables of modules."),
    "release": ("release", "Gate, version, changelog, tag."),
    "promote": ("promote", "Move stacks to a version, verify, roll back on failure."),
    "rollback": ("rollback", "Promote back to the stable version, with a hold."),
    "deploy": ("deploy", "Apply main as written through the same engine."),
    "recover": ("recover", "Finish or undo what an interrupted run left."),
    "status": ("status", "The fleet: modules by stacks."),
    "history": ("history", "What happened, from the ledger."),
    "converge": ("converge", "Make the promotions that the convergence policy asks for."),
    "drift": ("drift", "What differs from code."),
    "inventory": ("inventory", "What every stack holds, counted from its state."),
    "stack": ("stack", "Make a stack after another one; take an empty one away."),
    "yank": ("hold", "Forbid new promotions of a version, with a reason."),
    "hold": ("hold", "Keep a version from being promoted."),
    "unhold": ("hold", "Lift a hold, with a reason."),
    "adopt": ("adopt", "Take over existing tags and stacks."),
    "verify": ("verify", "Recompute a tag's digest and evidence from the repository alone."),
    "reverify": ("reverify", "Run the suites of released versions again with the newest tools."),
    "emulator": ("emulator", "Install, start, stop or show moto and LocalStack."),
    "sandbox": ("sandbox", "Sandbox accounts: sweep what runs left behind."),
    "ci": ("ci", "What a CI system asks: the test matrix."),
    "atlantis": ("atlantis", "The atlantis.yaml that plans and applies through modferry."),
    "comment": ("comment", "The pull request's comment, from what other commands left."),
    "report": ("report", "The fleet page, static."),
    "doctor": ("doctor", "What is missing on this machine, and what mends it."),
}
"""Command → (file in pipeline/verbs, line in --help). A command's function has the command's name."""


def read_clock() -> datetime:
    """UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, kw_only=True)
class App:
    """What every command is given: where it runs, where it speaks, its environment and clock."""

    directory: Path
    console: Console
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    now: Callable[[], datetime] = read_clock


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called; help comes from VERBS."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of the story, not of the alphabet."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command; click itself suggests the nearest name for an unknown one."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"pipeline.verbs.{VERBS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, VERBS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-C", "directory", type=click.Path(path_type=Path), default=".", help="Run as if started there.")
@click.version_option(__version__, prog_name="modferry")
@click.pass_context
def modferry(ctx: click.Context, directory: Path) -> None:
    """Carry Terraform module versions safely from a pull request to production, and back when they fail.

    \b
    Examples:
      modferry test --since main      what my change reaches, tested
      modferry release --push         tag what passed
      modferry promote core 1.4.0 --to staging
    """
    ctx.obj = App(
        directory=directory, console=Console(as_json=False, environ=dict(os.environ)), now=ctx.obj or read_clock
    )


def main(argv: list[str] | None = None) -> None:
    """Run one command; the process's exit code is the command's. A SIGTERM is taken as Ctrl-C: it cleans up."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(argv))


def run(argv: list[str] | None = None, now: Callable[[], datetime] = read_clock) -> int:
    """Run one command and return its exit code; errors are said on stderr."""
    try:
        code = modferry.main(args=argv, prog_name="modferry", standalone_mode=False, obj=now)
        return int(code or 0)
    except (click.exceptions.Abort, KeyboardInterrupt):
        print("Interrupted: nothing more was started.", file=sys.stderr)
        return int(Exit.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return int(Exit.USAGE)
    except ModferryError as error:
        print(error, file=sys.stderr)
        return int(error.code)
    except BrokenPipeError:
        return int(Exit.DONE)
    except Exception as error:  # noqa: BLE001 - the last door: whatever arrives here is our bug
        _show_bug(error)
        return int(Exit.BUG)


def _show_bug(error: Exception) -> None:
    """A bug of ours: say so, with the traceback only when asked for (it may hold values)."""
    print(f"Bug in modferry: {type(error).__name__}: {error}", file=sys.stderr)
    if os.environ.get("MODFERRY_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    else:
        print("Next: run it again with MODFERRY_TRACEBACK=1 and report what it prints", file=sys.stderr)
