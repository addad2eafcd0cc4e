"""What is still there: processes below a pid, sockets and files in a folder (Linux: /proc)."""

import time
from collections.abc import Iterable
from pathlib import Path

from pipeline.adapters.processes import start_time


def descendants(pid: int) -> list[int]:
    """Living children of a process, and theirs."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if parent == pid and start_time(int(folder.name)):
            found += [int(folder.name), *descendants(int(folder.name))]
    return found


def all_gone(pids: Iterable[int], seconds: float = 10.0) -> bool:
    """Whether every process ends within `seconds`."""
    end = time.monotonic() + seconds
    while any(start_time(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
