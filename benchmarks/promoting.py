"""`python -m benchmarks.promoting OUT WORD…`: modferry in this process, with the time of every program it starts.

Programs are seen at the one door (adapters/processes.py); OUT becomes a JSON document.
"""

import contextlib
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.adapters import git_door, processes, terraform
from pipeline.adapters.verification import programs, suites


class Watch:
    """Seconds and calls by program, and the seconds on the wall in which a Terraform ran (several at once: once)."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.spans: list[tuple[float, float]] = []
        self.git_cpu = 0.0

    def watched(self, real: Callable[..., Any], name: Callable[[Any], str]) -> Callable[..., Any]:
        """The same function, seen."""

        def call(argv: Any, **more: Any) -> Any:
            began, before = time.monotonic(), _children()
            try:
                return real(argv, **more)
            finally:
                ended = time.monotonic()
                what = name(argv)
                if what.startswith("git"):  # right where stacks go one after the other: nobody else's child ends here
                    self.git_cpu += _children() - before
                self.seconds[what] += ended - began
                self.calls[what] += 1
                if what.startswith("terraform"):
                    self.spans.append((began, ended))

        return call

    @property
    def covered(self) -> float:
        """Seconds in which at least one Terraform ran."""
        total, until = 0.0, 0.0
        for began, ended in sorted(self.spans):
            total += max(0.0, ended - max(began, until))
            until = max(until, ended)
        return total


def main() -> None:
    """Run it, write what was seen, end as modferry ends."""
    out, words = Path(sys.argv[1]), sys.argv[2:]
    watch = Watch()
    terraform.run = watch.watched(processes.run, lambda argv: f"terraform {_verb(argv)}")
    git_door.run_bytes = watch.watched(processes.run_bytes, lambda argv: f"git {_verb(argv)}")
    suites.run = programs.run = watch.watched(processes.run, lambda _: "checks")
    from pipeline.cli import main as modferry

    sys.argv = ["modferry", *words]
    began, code = time.monotonic(), 0
    try:
        with contextlib.suppress(KeyboardInterrupt):
            modferry()
    except SystemExit as end:
        code = int(end.code or 0)
    own = resource.getrusage(resource.RUSAGE_SELF)
    document = {
        "code": code,
        "wall": time.monotonic() - began,
        "terraform": watch.covered,
        "start": min((span[0] for span in watch.spans), default=began) - began,
        "own_cpu": own.ru_utime + own.ru_stime,
        "git_cpu": watch.git_cpu,
        "children_cpu": _children(),
        "memory": own.ru_maxrss * 1024,
        "seconds": dict(watch.seconds),
        "calls": dict(watch.calls),
    }
    out.write_text(json.dumps(document, indent=1))
    raise SystemExit(code)


def _children() -> float:
    """Processor seconds of programs that ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _verb(argv: tuple[str, ...]) -> str:
    """The subcommand: the first word that is neither an option nor the value of `-c`."""
    words = iter(argv[1:])
    for word in words:
        if word == "-c":
            next(words)
        elif not word.startswith("-") and not word.endswith(".py"):
            return word
    return ""


if __name__ == "__main__":
    main()
