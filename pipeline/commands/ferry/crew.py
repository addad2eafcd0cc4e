"""Runs a piece of work for several stacks at once, on threads that cannot keep a dying process alive.

Promise: at most `width` at once; the first Ctrl-C lets what runs come to its end, starts nothing more and then
raises KeyboardInterrupt; the second one is not caught. The caller's thread only waits, so that Ctrl-C never
lands in the middle of a piece of work. An exception of one piece lets the others that run come to their end,
and is raised then.
"""

import queue
import threading
from collections.abc import Callable, Sequence


class Stop:
    """Says to everybody that nothing new should be started."""

    def __init__(self) -> None:
        self._flag = threading.Event()

    def set(self) -> None:
        """From now on."""
        self._flag.set()

    def __bool__(self) -> bool:
        return self._flag.is_set()


def run_all(stacks: Sequence[str], work: Callable[[str], None], *, width: int, stop: Stop) -> None:
    """Do `work` for each stack. Those not yet begun when `stop` is set are left out."""
    left: queue.SimpleQueue[str] = queue.SimpleQueue()
    for stack in stacks:
        left.put(stack)
    errors: list[BaseException] = []

    def take() -> None:
        while not stop and not errors:
            try:
                stack = left.get_nowait()
            except queue.Empty:
                return
            try:
                work(stack)
            except BaseException as error:  # noqa: BLE001 - carried to the caller's thread, raised there
                errors.append(error)

    count = max(1, min(width, len(stacks)))
    threads = [threading.Thread(target=take, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        _join(threads)
    except KeyboardInterrupt:
        stop.set()
        _join(threads)
        raise
    if errors:
        raise errors[0]


def _join(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)
