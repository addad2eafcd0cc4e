"""The order in which the stacks of an environment move."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase


def plan_waves(stacks: Iterable[str], patterns: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Stacks in waves: each wave takes what its names and globs match and no earlier wave took.

    What no pattern takes comes last, in one wave. Empty waves vanish. Sorted inside a wave.
    """
    left = sorted(set(stacks))
    waves: list[tuple[str, ...]] = []
    for globs in patterns:
        taken = tuple(stack for stack in left if any(fnmatchcase(stack, glob) for glob in globs))
        left = [stack for stack in left if stack not in taken]
        waves.append(taken)
    return tuple(wave for wave in (*waves, tuple(left)) if wave)
