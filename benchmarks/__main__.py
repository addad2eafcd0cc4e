"""`python -m benchmarks [PART…]`: measure, print, write docs/benchmarks.md."""

import argparse
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from benchmarks import report
from benchmarks.demo import demo
from benchmarks.promotion import promotion
from benchmarks.report import Section
from benchmarks.scale import scale
from benchmarks.start import start
from benchmarks.suites import suites_all, suites_one

PARTS: Mapping[str, Callable[[], Section]] = {
    "start": start,
    "scale": scale,
    "one": suites_one,
    "all": suites_all,
    "demo": demo,
    "promotion": promotion,
}


def main() -> None:
    """Measure the parts that were asked for, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; none: all of them")
    parser.add_argument("--dry-run", action="store_true", help="print, but leave docs/benchmarks.md as it is")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}: use {', '.join(PARTS)}")
    for key in options.parts or PARTS:
        section = PARTS[key]()
        print(f"\n## {section.title}\n\n{report.table(section)}", flush=True)
        if not options.dry_run:  # at once: a part that breaks off must not lose the others
            report.write([section], datetime.now(UTC).date().isoformat())


if __name__ == "__main__":
    main()
