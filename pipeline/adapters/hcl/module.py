"""A module's files → its Interface. Which of a folder's files count is Terraform's rule, kept here."""

from collections.abc import Iterable, Mapping

from pipeline.adapters.hcl.parser import parse_blocks
from pipeline.domain.interface.elements import Interface
from pipeline.domain.interface.read import ElementCache, read_interface
from pipeline.domain.interface.syntax import PlacedBlock


def is_configuration(name: str) -> bool:
    """Whether Terraform reads a file of this name (no path) as part of a module."""
    ignored = name.startswith(".") or name.endswith("~") or (name.startswith("#") and name.endswith("#"))
    return name.endswith((".tf", ".tf.json")) and not ignored


class ModuleReader:
    """Reads modules; remembers files by content and elements by block, so that a history is read once."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, object], tuple[PlacedBlock, ...]] = {}
        self._elements = ElementCache()

    def blocks(self, path: str, content: bytes, blob: str = "") -> tuple[PlacedBlock, ...]:
        """The blocks of one file; `blob` is git's id of the content where it is known."""
        key = (path, blob or content)
        if key not in self._files:
            self._files[key] = _parse(content, path)
        return self._files[key]

    def interface(self, blocks: Iterable[PlacedBlock]) -> Interface:
        """The interface that blocks of one folder make."""
        return read_interface(blocks, self._elements)

    def read(self, files: Mapping[str, bytes], blobs: Mapping[str, str] | None = None) -> Interface:
        """The interface of one folder: path → content of its files; others than Terraform's are left out.

        `blobs` holds git's ids of the contents by path, where they are known.
        """
        known = blobs or {}
        wanted = sorted(path for path in files if is_configuration(path.rpartition("/")[2]))
        return self.interface(block for path in wanted for block in self.blocks(path, files[path], known.get(path, "")))


def _parse(content: bytes, path: str) -> tuple[PlacedBlock, ...]:
    if not path.endswith(".json"):
        return parse_blocks(content, path)
    from pipeline.adapters.hcl.json_syntax import parse_json

    return parse_json(content, path)


def interface_of(files: Mapping[str, bytes]) -> Interface:
    """The interface of one module given its files. Raises UsageError with file, line and column."""
    return ModuleReader().read(files)
