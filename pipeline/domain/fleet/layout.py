"""Rows into plain text of a fixed width; columns that do not fit go into further blocks, never off the edge."""

from collections.abc import Sequence

GAP = 2


def lay_out(head: Sequence[str], rows: Sequence[Sequence[str]], width: int = 80) -> list[str]:
    """Lines of a table no wider than `width`; its first column is repeated in every block.

    A cell that is too wide even alone is cut with `…`.
    """
    lines: list[str] = []
    widths = [max(map(len, cells)) for cells in zip(head, *rows, strict=True)]
    first = min(widths[0], width // 2)
    columns = list(range(1, len(head))) or [0]
    while columns:
        block: list[tuple[int, int]] = []
        used = first
        while columns:
            size = min(widths[columns[0]], width - first - GAP)
            if block and used + GAP + size > width:
                break
            used += GAP + size
            block.append((columns.pop(0), size))
        if lines:
            lines.append("")
        shown = [(0, first), *((at, size) for at, size in block if at)]
        cells = [[_fit(row[at], size) for row in (head, *rows)] for at, size in shown]
        lines += [(" " * GAP).join(line).rstrip() for line in zip(*cells, strict=True)]
    return lines


def _fit(text: str, size: int) -> str:
    return text.ljust(size) if len(text) <= size else text[: size - 1] + "…"
