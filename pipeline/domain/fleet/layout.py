"""Rows into plain text of a fixed width; columns that do not fit go into further blocks, never off the edge."""

from collections.abc import Sequence

GAP = 2


def lay_out(head: Sequence[str], rows: Sequence[Sequence[str]], width: int = 80) -> list[str]:
    """Lines of a table no wider than `width`; its first column is repeated in every block.

    A cell that is too wide even alone is cut with `…`.
    """
    first = min(max(len(row[0]) for row in (head, *rows)), width // 2)
    lines: list[str] = []
    columns = list(range(1, len(head))) or [0]
    while columns:
        block: list[tuple[int, int]] = []
        used = first
        while columns:
            size = min(max(len(row[columns[0]]) for row in (head, *rows)), width - first - GAP)
            if block and used + GAP + size > width:
                break
            used += GAP + size
            block.append((columns.pop(0), size))
        if lines:
            lines.append("")
        for row in (head, *rows):
            cells = [_fit(row[0], first), *(_fit(row[at], size) for at, size in block if at)]
            lines.append((" " * GAP).join(cells).rstrip())
    return lines


def _fit(text: str, size: int) -> str:
    return text.ljust(size) if len(text) <= size else text[: size - 1] + "…"
