"""`modferry diff`: what changed in a module's interface between two refs, or over all its versions.

Works in any git repository of Terraform modules; settings say only how tags are written and what is waived.
"""

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Protocol

from pipeline.domain.rules.addresses import Package
from pipeline.domain.rules.report import DiffReport, HistoryReport, VersionPair, with_waivers
from pipeline.domain.rules.table import findings
from pipeline.domain.settings import Settings
from pipeline.domain.version import Tag, TagFormat, bump_between
from pipeline.domain.waiver import Waiver
from pipeline.errors import UsageError

ROOT = "."


class ModuleFiles(Protocol):
    """A repository as a source of modules: by ref (None: the working tree) and folder."""

    name: str
    """What a root module is called."""

    def package(self, ref: str | None, folder: str) -> Package | None:
        """The module in a folder with the local modules it calls; None where there are no .tf files."""
        ...

    def tags(self) -> Sequence[str]:
        """The names of all tags."""
        ...

    def folders(self) -> Sequence[str]:
        """Folders of the working tree with .tf files in them."""
        ...


@dataclass(frozen=True, kw_only=True)
class DiffTarget:
    """One module of one repository, and its final versions in semver order."""

    files: ModuleFiles
    folder: str
    name: str
    versions: tuple[Tag, ...]


def find_target(files: ModuleFiles, settings: Settings, module: str) -> DiffTarget:
    """The module that a path in the repository (`modules/vpc`, `.`) or a name (`vpc`) means."""
    folders = files.folders()
    clean = posixpath.normpath(module)
    named = [f for f in folders if posixpath.basename(f) == module and _is_module(f, settings)]
    if clean in folders:
        folder = clean
    elif module == files.name and ROOT in folders:
        folder = ROOT
    elif len(named) == 1:
        folder = named[0]
    else:
        known = sorted(f for f in folders if _is_module(f, settings) or f == ROOT)
        raise UsageError(
            f"{module!r} is no module here: no .tf files are there.",
            remedy=f"name one of {', '.join(known) or 'none'}, or a folder with .tf files",
        )
    name = files.name if folder == ROOT else posixpath.basename(folder)
    return DiffTarget(files=files, folder=folder, name=name, versions=_versions(files, settings, folder, name))


def _is_module(folder: str, settings: Settings) -> bool:
    patterns = settings.modules.paths
    return any(fnmatchcase(folder, p) and folder.count("/") == p.count("/") for p in patterns)


def _versions(files: ModuleFiles, settings: Settings, folder: str, name: str) -> tuple[Tag, ...]:
    """Final versions, oldest first; a module below a root without tags of its own has the root's."""
    form = TagFormat(template=settings.tags.format)
    texts = [t for t in files.tags() if not any(fnmatchcase(t, p) for p in settings.tags.ignore)]
    own = [] if folder == ROOT else _final(form.parse(text, (name,)) for text in texts if name in text)
    found = own or _final(form.parse(text, ("",), root=name) for text in texts)
    return tuple(sorted(found, key=lambda tag: tag.version))


def _final(tags: Iterable[Tag | None]) -> list[Tag]:
    """The final versions among some tags, each once (`v1.2.0` before `1.2.0`)."""
    found: dict[object, Tag] = {}
    for tag in tags:
        if tag is not None and not tag.version.prerelease:
            known = found.get(tag.version)
            found[tag.version] = tag if known is None or len(tag.text) > len(known.text) else known
    return list(found.values())


def diff(target: DiffTarget, settings: Settings, today: date, *, since: str | None, until: str | None) -> DiffReport:
    """The findings from `since` (None: the latest version) to `until` (None: the working tree)."""
    if since is None:
        if not target.versions:
            raise UsageError(
                f"{target.name} has no version tag to compare with.", remedy=f"modferry diff {target.name} --from REF"
            )
        since = target.versions[-1].text
    old, new = _package(target, since), _package(target, until)
    found = with_waivers(findings(old, new), waivers_of(settings), today)
    return DiffReport(module=target.name, since=since, until=until, findings=found)


def waivers_of(settings: Settings) -> tuple[Waiver, ...]:
    """The waivers of modferry.toml."""
    return tuple(
        Waiver(rule=w.rule, address=w.address, person=w.person, reason=w.reason, expires=w.expires)
        for w in settings.waiver
    )


def _package(target: DiffTarget, ref: str | None) -> Package:
    found = target.files.package(ref, target.folder)
    if found is None:
        where = ref or "the working tree"
        raise UsageError(f"{target.folder} has no .tf files in {where}.", remedy="compare refs in which it exists")
    return found


def diff_history(target: DiffTarget, clock: Callable[[], float]) -> HistoryReport:
    """The findings between all consecutive final versions; `clock` counts seconds.

    A version that cannot be read (broken HCL, no .tf files there) is left out and named.
    """
    began = clock()
    unreadable: list[tuple[str, str]] = []
    pairs: list[VersionPair] = []
    before: tuple[Tag, Package] | None = None
    for tag in target.versions:
        try:
            package = _package(target, tag.text)
        except UsageError as error:
            unreadable.append((tag.text, error.what))
            continue
        if before is not None:
            declared = bump_between(before[0].version, tag.version)
            found = findings(before[1], package)
            pairs.append(VersionPair(since=before[0].text, until=tag.text, declared=declared, findings=found))
        before = (tag, package)
    return HistoryReport(module=target.name, pairs=tuple(pairs), unreadable=tuple(unreadable), seconds=clock() - began)
