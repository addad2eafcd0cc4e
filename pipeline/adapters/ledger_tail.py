"""The newest entries of a ledger without reading the years before them.

Promise: what is told is as checked as a whole replay. Either a replay has checked the chain up to exactly this tip
(the cache names it), or one is made now; then the newest files are read and checked against each other.
"""

from collections.abc import Sequence

from pipeline.adapters.ledger import GitLedger
from pipeline.domain.fleet.sentences import opened_elsewhere
from pipeline.domain.ledger import Entry, check_chain

OPENED = "-promotion.opened.json"
AT_ONCE = 200


def newest(ledger: GitLedger, count: int) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """(the newest `count` entries in order, the earlier entries that opened the promotions they speak of).

    Raises RefusedError where the chain is broken, anywhere.
    """
    tip = ledger.tip()
    if tip is None:
        return (), ()
    if ledger.replays.cache.commit() != tip:
        ledger.replay(tip)
    rows = _rows(ledger, tip)
    entries = _read(ledger, rows[-count - 1 :])  # one more: the link of the first that is shown is checked too
    check_chain(entries[1:], after=entries[0])
    shown = entries[-count:]
    wanted = set(opened_elsewhere(shown))
    earlier: list[Entry] = []
    openings = [row for row in rows[: -len(shown)] if row[0].endswith(OPENED)]
    while wanted and openings:  # they are rarely far back
        for entry in _read(ledger, openings[-AT_ONCE:]):
            if entry.body["promotion"] in wanted:
                wanted.discard(entry.body["promotion"])
                earlier.append(entry)
        del openings[-AT_ONCE:]
    return tuple(shown), tuple(sorted(earlier, key=lambda e: e.number))


def _rows(ledger: GitLedger, tip: str) -> list[tuple[str, str]]:
    """(path, blob) of every entry, by number."""
    rows = []
    for line in ledger.repository.git("ls-tree", "-r", "-z", tip).split("\0"):
        if line:
            head, _, path = line.partition("\t")
            rows.append((path, head.split()[2]))
    return sorted(rows, key=lambda row: row[0].rpartition("/")[2])


def _read(ledger: GitLedger, rows: Sequence[tuple[str, str]]) -> list[Entry]:
    blobs = ledger.repository.blobs([blob for _, blob in rows])
    return [Entry.from_bytes(blobs[blob], path) for path, blob in rows]
