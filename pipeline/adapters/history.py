"""A module's files at a ref, in the worktree, and over all its versions."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Replace a file's content in one step: a reader sees the old text or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.chmod(path.stat().st_mode if path.exists() else 0o644)
    beside.replace(path)
