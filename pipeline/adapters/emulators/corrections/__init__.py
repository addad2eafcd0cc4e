"""Where moto answers otherwise than AWS, in ways the AWS provider notices.

Promise: one file a service; each correction says which provider call needs it, where AWS documents the
answer, and which moto release it was last needed on. `VERSION` grows with every change of an answer: it is
part of the evidence key.
"""

VERSION = 1


def apply() -> None:
    """Correct the moto of this process; call once, before its server starts."""
    from pipeline.adapters.emulators.corrections import unimplemented

    unimplemented.apply()
