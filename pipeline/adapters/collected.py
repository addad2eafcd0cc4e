"""Python's cycle collector, kept away from what stays until a process ends; also a pytest plugin that does so.

A boto3 client of EC2 is some fifty-five thousand objects: the collector goes through all that there is again and
again while they are made, and pytest asks it to go through all of them at its end (unraisableexception.py). That was
a third of what a small test process cost. What tests leave is still collected and still told of; only garbage that
was there at the end of a `kept` is not.
"""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """What is made in here is there to stay: the collector does not run meanwhile, and never looks at it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def pytest_collection_finish() -> None:
    """What was imported until the tests begin stays."""
    with kept():
        pass
