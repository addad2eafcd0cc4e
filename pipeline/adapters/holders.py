"""Who we are to other runs, who of them is provably dead, and the end of what a dead one left running here.

A holder is a process id with its start time on a host in one boot: none of them is used twice. Nothing is
known about another host, or about this host before its last boot, and then nothing is claimed.
"""

import contextlib
import os
import re
import signal
import socket
import time
from pathlib import Path

from pipeline.adapters.processes import is_alive, run_mark
from pipeline.domain.promotion.record import Holder

MARK = "MODFERRY_HOLDER"
"""Set for each Terraform of a promotion: the mark of the process that holds it."""

GRACE = 60.0
"""Terraform, asked to stop, finishes the calls that run and saves its state; seconds."""


def this_holder(actor: str) -> Holder:
    """This very process."""
    return Holder(host=this_host(), mark=run_mark(os.getpid()), actor=actor)


def this_host() -> str:
    """`hostname/boot`; boot is empty where the kernel does not tell."""
    boot = ""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    return f"{socket.gethostname()}/{boot}"


def is_dead(holder: Holder) -> bool | None:
    """True: provably dead; False: alive; None: it ran elsewhere, or before the last boot."""
    if holder.host != this_host() or holder.host.endswith("/"):
        return None
    return not is_alive(holder.mark)


def end_leftovers(holder: Holder) -> list[int]:
    """Ask what the holder left running here to stop, wait for it, then kill it; returns the pids."""
    if holder.host != this_host():
        return []
    pids = _left_by(holder.mark)
    for sign, wait in ((signal.SIGINT, GRACE), (signal.SIGKILL, 10.0)):
        for pid in _left_by(holder.mark):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, sign)
        end = time.monotonic() + wait
        while _left_by(holder.mark) and time.monotonic() < end:
            time.sleep(0.1)
    return pids


def _left_by(mark: str) -> list[int]:
    wanted = re.compile(rb"(?:^|\0)" + MARK.encode() + b"=" + re.escape(mark.encode()) + rb"(?:\0|$)")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX" and wanted.search(environ):
            found.append(int(folder.name))
    return found
