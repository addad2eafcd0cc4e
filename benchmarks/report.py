"""What was measured, as a table for people and as docs/benchmarks.md."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line: what, how it came out, what was wanted (empty: nothing), whether it came out so (None: nothing
    was wanted)."""

    what: str
    found: str
    wanted: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """For people."""
        return {None: "", True: "yes", False: "**no**"}[self.met]


@dataclass(frozen=True, kw_only=True)
class Section:
    """One kind of measurement; `key` names it on the command line."""

    key: str
    title: str
    how: str
    rows: tuple[Row, ...]


def table(section: Section) -> str:
    """A Markdown table."""
    lines = ["| what | measured | wanted | met |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.found} | {row.wanted} | {row.verdict} |" for row in section.rows]
    return "\n".join(lines)


def machine() -> str:
    """Cores, processor, memory, system: no names and no paths."""
    try:
        model = re.findall(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())[0]
    except (OSError, IndexError):
        model = platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.1f} GiB of memory, "
        f"{platform.system()} {platform.release().split('-')[0]}, CPython {platform.python_version()}"
    )


def write(sections: Sequence[Section], day: str) -> None:
    """Replace the measured sections of docs/benchmarks.md, keep the others; every section carries its own day
    and machine."""
    kept = dict(re.findall(r"<!-- begin (\w+) -->\n(.*?)<!-- end \1 -->\n", _old(), re.DOTALL))
    for one in sections:
        kept[one.key] = f"## {one.title}\n\n{one.how}\n\nMeasured on {day}: {machine()}.\n\n{table(one)}\n\n"
    body = "".join(f"<!-- begin {key} -->\n{kept[key]}<!-- end {key} -->\n" for key in sorted(kept))
    DOCUMENT.write_text(f"{HEAD}\n{body}")


def _old() -> str:
    return DOCUMENT.read_text() if DOCUMENT.exists() else ""


HEAD = """# Benchmarks

`make bench` measures everything again and rewrites this page; `make bench ARGS="start scale"` only those parts
(`python -m benchmarks --help` lists them). Numbers are of one run on one machine; `load` is the machine's load
average when a measurement began. Above the number of cores it means that others worked there too: then the
seconds of processor time and the ratios of one run say more than the seconds on the wall. What was not reached is
marked in bold.
"""
