"""`modferry demo`: play the story in a throw-away clone, say what each step did and how long it took."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline.domain.story import STORY, Change, Command, Step
from pipeline.errors import NotRestoredError

Say = Callable[[str], None]


class Stage(Protocol):
    """Where the story plays: `folder` holds origin.git and clone."""

    folder: Path

    def run(self, words: tuple[str, ...]) -> tuple[int, Any]:
        """Run `modferry <words> --json` in the clone: exit code and document (None without one)."""
        ...

    def commit(self, change: Change) -> str:
        """Edit, commit and push; the commit."""
        ...


class DemoFailedError(NotRestoredError):
    """A step ended otherwise than the story says."""

    word = "Demo failed"


@dataclass(frozen=True, kw_only=True)
class Played:
    """One step as it went; `document` is what the command printed with `--json`."""

    title: str
    words: tuple[str, ...]
    code: int
    seconds: float
    document: Mapping[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """For report.json."""
        return {
            "title": self.title,
            "command": " ".join(("modferry", *self.words)) if self.words else "git commit and push",
            "exit": self.code,
            "seconds": round(self.seconds, 2),
            "document": self.document,
        }


def play(stage: Stage, say: Say, story: tuple[Step, ...] = STORY) -> tuple[Played, ...]:
    """Play every step; raises DemoFailedError at the first that ends otherwise than the story says."""
    played: list[Played] = []
    for number, step in enumerate(story, 1):
        say(f"\n[{number}/{len(story)}] {step.title}")
        began = time.monotonic()
        match step:
            case Change():
                commit = stage.commit(step)
                say(f"    $ git commit -m '{step.message}' && git push   # {commit[:12]}")
                played.append(_played(step.title, (), 0, began, None))
            case Command():
                words = tuple(word.format(folder=stage.folder) for word in step.words)
                say(f"    $ modferry {' '.join(words)}")
                code, document = stage.run(words)
                played.append(_played(step.title, words, code, began, document))
                if code != step.expect:
                    raise DemoFailedError(
                        f"modferry {' '.join(words)} ended with {code}; the story says {int(step.expect)}.",
                        remedy="modferry demo --keep DIR, then look into DIR/clone",
                    )
                say(f"    exit {code}, as it must be" if code else "    done")
        say(f"    {played[-1].seconds:.1f} s")
    return tuple(played)


def _played(title: str, words: tuple[str, ...], code: int, began: float, document: Any) -> Played:
    return Played(title=title, words=words, code=code, seconds=time.monotonic() - began, document=document)
