"""Rules about addresses: resources, data, module calls, and the `moved` blocks between them."""

from collections.abc import Callable, Iterator

from pipeline.domain.interface.elements import Mode, ModuleCall, Resource
from pipeline.domain.rules.addresses import Node, first_key, is_stateful_mode, moved_block
from pipeline.domain.rules.change import Change, bare, repetition_moves_itself
from pipeline.domain.rules.finding import Hit, Rule
from pipeline.domain.version import Bump

MANAGED, DATA, EPHEMERAL, MODULE = Mode.MANAGED.value, Mode.DATA.value, Mode.EPHEMERAL.value, "module"


def _hit(node: Node, **words: object) -> Hit:
    return Hit(address=node.address, at=node.at, words=words)


def _removed(*kinds: str) -> Callable[[Change], Iterator[Hit]]:
    """What went: not renamed as far as one can tell, and not released by a `removed` block."""

    def find(change: Change) -> Iterator[Hit]:
        for node in change.gone:
            if node.kind in kinds and node.steps not in change.renamed and _is_destroyed(change, node):
                yield _hit(node)

    return find


def _is_destroyed(change: Change, node: Node) -> bool:
    return change.after.removed.get(node.steps, True)


def _forgotten(change: Change) -> Iterator[Hit]:
    return (_hit(node) for node in change.gone if not _is_destroyed(change, node))


def _renamed(*kinds: str) -> Callable[[Change], Iterator[Hit]]:
    def find(change: Change) -> Iterator[Hit]:
        for was, now in change.renamed.items():
            node = change.after.nodes[now]
            if node.kind in kinds:
                old = change.before.nodes[was]
                yield _hit(node, was=old.address, moved=moved_block(was[-1], now[-1]))

    return find


def _repetition(change: Change) -> Iterator[Hit]:
    for was, now, keyed in change.stayed:
        if keyed or not is_stateful_mode(now) or repetition_moves_itself(was, now):
            continue
        source = was.steps[-1] + first_key(was.repetition)
        target = now.steps[-1] + first_key(now.repetition)
        yield _hit(now, old=was.repetition, new=now.repetition, moved=moved_block(source, target))


def _switched(off: bool) -> Callable[[Change], Iterator[Hit]]:
    """Resources that everybody had and nobody has by default now, or the other way round."""

    def find(change: Change) -> Iterator[Hit]:
        for was, now, _ in change.stayed:
            if was.kind != MANAGED or (change.same_defaults and was.element.many == now.element.many):
                continue
            if was.instances is None or now.instances is None:
                continue
            if (was.instances > 0, now.instances > 0) == (off, not off):
                yield _hit(now)

    return find


def _added(*kinds: str, off: bool) -> Callable[[Change], Iterator[Hit]]:
    def find(change: Change) -> Iterator[Hit]:
        renamed = set(change.renamed.values())
        for node in change.came:
            if node.kind in kinds and node.steps not in renamed and (node.instances == 0) is off:
                yield _hit(node)

    return find


def _moved(change: Change) -> Iterator[Hit]:
    for was, now, _ in change.stayed:
        parent = was.steps[:-1] != now.steps[:-1] and was.steps[-1] == now.steps[-1]
        if was.steps != now.steps and is_stateful_mode(now) and not (parent and _parent_moved(change, was, now)):
            yield _hit(now, was=was.address)


def _parent_moved(change: Change, was: Node, now: Node) -> bool:
    """Whether it only went along with the module call around it, which has a finding of its own."""
    return change.after.follow(was.steps[:-1])[0] == now.steps[:-1] and bool(was.steps[:-1])


def _moved_dropped(change: Change) -> Iterator[Hit]:
    kept = {(move.source, move.target, move.block.source, move.block.target) for move in change.after.moves}
    for move in change.before.moves:
        if (move.source, move.target, move.block.source, move.block.target) in kept:
            continue
        target, _ = change.after.follow(move.target)
        followed = change.after.follow(move.source)[0] == target and not move.keyed
        if target in change.after.nodes and not followed and not _still_keyed(change, move.block.source):
            block = moved_block(move.block.source, move.block.target)
            yield Hit(address=".".join(move.target), at=move.block.at, words={"was": move.block.source, "moved": block})


def _still_keyed(change: Change, source: str) -> bool:
    return any(move.block.source == source for move in change.after.moves)


def _source(change: Change) -> Iterator[Hit]:
    for was, now, _ in change.stayed:
        old, new = was.element, now.element
        if isinstance(old, ModuleCall) and isinstance(new, ModuleCall) and not (old.is_local and new.is_local):
            before, after = _from(old), _from(new)
            if before != after:
                yield _hit(now, old=before, new=after)


def _from(call: ModuleCall) -> str:
    return f"{call.source} {call.version}".strip()


def _body(change: Change) -> Iterator[Hit]:
    """Arguments that changed, where no other rule speaks of the address."""
    said = {hit.address for find in (_repetition, _switched(True), _switched(False), _source) for hit in find(change)}
    for was, now, _ in change.stayed:
        if was.element is not now.element and now.address not in said and _text(was) != _text(now):
            yield _hit(now)
    yield from _locals(change)


def _text(node: Node) -> str:
    element = node.element
    return bare(element.body) if isinstance(element, Resource | ModuleCall) else ""


def _locals(change: Change) -> Iterator[Hit]:
    for name, value in change.new.locals.items():
        at = change.new.local_places.get(name)
        if at is not None and name in change.old.locals and change.old.locals[name] != value:
            yield Hit(address=f"local.{name}", at=at)


RULES = (
    Rule(
        id="resource-removed",
        bump=Bump.MAJOR,
        says="{address} is gone: what exists there is destroyed. If it has a new place, add a moved block; if it shall "
        "live on outside, a removed block with destroy = false.",
        find=_removed(MANAGED),
    ),
    Rule(
        id="data-removed",
        bump=Bump.MAJOR,
        says="{address} is gone: nothing is destroyed, but what callers address with -target or in tests is missing.",
        find=_removed(DATA, EPHEMERAL),
    ),
    Rule(
        id="module-removed",
        bump=Bump.MAJOR,
        says="{address} is no longer called: what exists in it is destroyed. If it has a new place, add a moved block.",
        find=_removed(MODULE),
    ),
    Rule(
        id="resource-renamed",
        bump=Bump.MAJOR,
        says="{was} is now {address}: what exists is destroyed and made again. Add:\n{moved}",
        find=_renamed(MANAGED),
    ),
    Rule(
        id="module-renamed",
        bump=Bump.MAJOR,
        says="{was} is now {address}: what exists in it is destroyed and made again. Add:\n{moved}",
        find=_renamed(MODULE),
    ),
    Rule(
        id="repetition-changed",
        bump=Bump.MAJOR,
        says="{address} had {old} and has {new}: what exists is destroyed and made again under other keys. Add for "
        "each instance:\n{moved}",
        find=_repetition,
    ),
    Rule(
        id="resource-off-by-default",
        bump=Bump.MAJOR,
        says="{address} was there by default and is not any more: whoever did not ask for it loses it. Keep the "
        "default that makes it.",
        find=_switched(True),
    ),
    Rule(
        id="moved-dropped",
        bump=Bump.MAJOR,
        says="The moved block from {was} is gone: whoever upgrades from a version before that move has {address} "
        "destroyed and made again. Keep it for the whole major version:\n{moved}",
        find=_moved_dropped,
    ),
    Rule(
        id="resource-forgotten",
        bump=Bump.MINOR,
        says="{address} leaves the state and is not destroyed: whoever wants to keep it managed must import it "
        "elsewhere.",
        find=_forgotten,
    ),
    Rule(
        id="resource-on-by-default",
        bump=Bump.MINOR,
        says="{address} was off by default and is on: everybody's plan makes it. Set its input to keep it off.",
        find=_switched(False),
    ),
    Rule(
        id="resource-added",
        bump=Bump.MINOR,
        says="{address} is new: everybody's plan makes it.",
        find=_added(MANAGED, off=False),
    ),
    Rule(
        id="module-added",
        bump=Bump.MINOR,
        says="{address} is called now: everybody's plan makes what is in it.",
        find=_added(MODULE, off=False),
    ),
    Rule(
        id="module-source-changed",
        bump=Bump.MINOR,
        says="{address} was {old} and is {new}: what that does cannot be read here. Read its release notes and the "
        "upgrade plan.",
        find=_source,
    ),
    Rule(
        id="resource-added-off",
        bump=Bump.PATCH,
        says="{address} is new and off by default. Nothing to do.",
        find=_added(MANAGED, MODULE, off=True),
    ),
    Rule(
        id="data-added",
        bump=Bump.PATCH,
        says="{address} is read now: whoever plans must be allowed to read it.",
        find=lambda change: (hit for off in (True, False) for hit in _added(DATA, EPHEMERAL, off=off)(change)),
    ),
    Rule(
        id="address-moved",
        bump=Bump.PATCH,
        says="{was} is now {address}, by a moved block: the state follows, nothing is made again.",
        find=_moved,
    ),
    Rule(
        id="arguments-changed",
        bump=Bump.PATCH,
        says="Arguments of {address} changed: the upgrade plan says whether something is updated or replaced.",
        find=_body,
    ),
)
"""Rules about addresses, the strictest first."""
