"""The repository an act works on: settings, ports, and what is read from them again and again."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pipeline.domain.module import Files, Module, ModuleGraph, discover
from pipeline.domain.settings import Settings
from pipeline.domain.trust import Signed
from pipeline.domain.version import Tag, TagFormat, check_unique
from pipeline.errors import UndecidedError
from pipeline.ports import CheckSignature, Clock, Ledger, Repository, Tree


def no_check(allowed: str, where: str, data: bytes, signature: str, namespace: str, at: str) -> Signed:  # noqa: ARG001
    """Nobody here can check a signature. Fails closed: what cannot be checked is not taken for good."""
    raise UndecidedError(f"{where} asks for signatures, and nothing here can check one.", remedy="modferry doctor")


@dataclass(frozen=True, kw_only=True)
class Project:
    """One repository with modferry's settings and the ports to it; `name` is the root module's name."""

    settings: Settings
    repository: Repository
    ledger: Ledger
    clock: Clock
    name: str
    check_signature: CheckSignature = no_check

    @property
    def tag_format(self) -> TagFormat:
        """How tags are written here."""
        return TagFormat(template=self.settings.tags.format)

    def graph(self, ref: str | None = None) -> ModuleGraph:
        """The modules at a ref, or of the working tree."""
        return graph_of(self.repository.tree(ref), self.settings, self.name)

    def tags(self, graph: ModuleGraph) -> Mapping[str, tuple[Tag, ...]]:
        """Module → its version tags, oldest version first; raises UsageError for ambiguous or broken ones."""
        roots = [m.name for m in graph.modules.values() if m.is_root]
        found: dict[str, list[Tag]] = {name: [] for name in graph.modules}
        for text in self.repository.tags():
            if any(fnmatchcase(text, pattern) for pattern in self.settings.tags.ignore):
                continue
            tag = self.tag_format.parse(text, graph.modules, root=roots[0] if roots else None)
            if tag is not None:
                found[tag.module].append(tag)
        check_unique(tag for tags in found.values() for tag in tags)
        return {name: tuple(sorted(tags, key=lambda t: t.version)) for name, tags in found.items()}

    def new_tag(self, module: Module, version: object) -> Tag:
        """The tag a new version of a module gets."""
        from pipeline.domain.version import parse_version

        return self.tag_format.tag(module.name, parse_version(str(version)), root=module.is_root)


def graph_of(tree: Tree, settings: Settings, root_name: str) -> ModuleGraph:
    """The modules of one tree."""
    load = getattr(tree, "load", None)
    files = Files(paths=tree.paths(), read=tree.read, mode=tree.mode, load=load or (lambda _: None))
    return discover(files, patterns=settings.modules.paths, exclude=settings.modules.exclude, root_name=root_name)
