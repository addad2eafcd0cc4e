"""How override files change what other files declare (Terraform "Override Files").

An argument replaces the one of the same name; nested blocks replace all of the same kind; `lifecycle` and
`required_providers` merge argument by argument; locals merge by name; `moved` and `removed` cannot be overridden.
"""

from collections.abc import Mapping, Sequence

from pipeline.domain.interface.syntax import Attribute, Block, PlacedBlock
from pipeline.errors import UsageError

MERGED_INSIDE = frozenset({"lifecycle", "required_providers"})


def is_override(file: str) -> bool:
    """Whether a file's name makes it an override."""
    name = file.rpartition("/")[2]
    stem = name.removesuffix(".json").removesuffix(".tf")
    return stem == "override" or stem.endswith("_override")


def apply_overrides(base: Sequence[PlacedBlock], over: Sequence[PlacedBlock]) -> tuple[PlacedBlock, ...]:
    """The blocks of a module after its overrides, which come in the order of their files' names.

    A merged block keeps the place of the declaration. Raises UsageError where there is nothing to override.
    """
    found = list(base)
    for placed in over:
        block = placed.block
        if block.kind in ("terraform", "locals"):
            found.append(placed)
            continue
        if block.kind in ("moved", "removed", "import", "check"):
            raise UsageError(f"{placed.at}: a {block.kind} block cannot be in an override file.")
        key = _key(block)
        where = next((i for i, other in enumerate(found) if _key(other.block) == key), None)
        if where is None:
            name = " ".join((block.kind, *(f'"{label}"' for label in block.labels)))
            raise UsageError(
                f"{placed.at}: {name} overrides nothing: no other file declares it.",
                remedy="declare it in a file whose name does not end in _override.tf",
            )
        found[where] = PlacedBlock(block=merge(found[where].block, block), at=found[where].at)
    return tuple(found)


def merge(base: Block, over: Block) -> Block:
    """One block changed by another of the same kind and labels."""
    kinds = {block.kind for block in over.blocks}
    kept = [block for block in base.blocks if block.kind not in kinds or block.kind in MERGED_INSIDE]
    for block in over.blocks:
        same = next((i for i, other in enumerate(kept) if other.kind == block.kind), None)
        if block.kind in MERGED_INSIDE and same is not None:
            kept[same] = merge(kept[same], block)
        else:
            kept.append(block)
    attributes: Mapping[str, Attribute] = {**base.attributes, **over.attributes}
    if {"count", "for_each"} & over.attributes.keys():
        attributes = {
            name: value
            for name, value in attributes.items()
            if name not in ("count", "for_each") or name in over.attributes
        }
    return Block(
        kind=base.kind,
        labels=base.labels,
        attributes=attributes,
        blocks=tuple(kept),
        body=f"{base.body}\n{over.body}",
        line=base.line,
        column=base.column,
    )


def _key(block: Block) -> tuple[str, tuple[str, ...], str]:
    alias = block.text("alias") if block.kind == "provider" else ""
    return block.kind, block.labels, alias
