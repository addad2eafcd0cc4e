"""The demo's stage: a bare origin, a clone, one emulator with an account for each environment, warm providers.

Promise: nothing outside the stage's folder is touched; everything started is ended with `close`; Terraform's
own folders are removed.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from pipeline.adapters.emulators.moto import Moto, start_moto
from pipeline.adapters.git import GitRepository
from pipeline.adapters.processes import base_environment, run
from pipeline.adapters.provider_mirrors import AWS, provider_binary
from pipeline.adapters.toolchain import find_toolchain
from pipeline.adapters.warm import WarmProvider
from pipeline.domain.settings import Settings
from pipeline.domain.story import Change
from pipeline.errors import UsageError

STEP_SECONDS = 1200.0


class DemoStage:
    """See commands/demo.Stage. `keep`: the folder stays there; else it is a temporary one."""

    def __init__(
        self,
        source: Path,
        settings: Settings,
        *,
        environ: Mapping[str, str],
        keep: Path | None,
        cold: bool,
        say: Callable[[str], None],
    ) -> None:
        self.source, self.settings, self.environ = source, settings, dict(environ)
        self.keep, self.cold, self.say = keep, cold, say
        self._open = ExitStack()
        self.folder = Path()
        self.clone = Path()

    def __enter__(self) -> "DemoStage":
        try:
            self._set_up()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def run(self, words: tuple[str, ...]) -> tuple[int, Any]:
        """Run one command of modferry in the clone; its words for people pass through, indented."""
        outcome = run(
            (sys.executable, "-P", "-m", "pipeline", *words, "--json"),
            cwd=self.clone,
            env=self._environment(),
            seconds=STEP_SECONDS,
            on_error_line=lambda line: self.say(f"    {line}"),
        )
        text = outcome.stdout.strip()
        return outcome.code, json.loads(text) if text else None

    def commit(self, change: Change) -> str:
        """Edit files of the clone, commit, push to origin's main."""
        repository = GitRepository(self.clone, self._environment())
        repository.git("pull", "--quiet", "--ff-only", "origin", "main")
        for path, edits in change.edits.items():
            file = self.clone / path
            text = file.read_text()
            for old, new in edits:
                if text.count(old) != 1:
                    raise UsageError(f"The story cannot edit {path}: {old.strip()!r} is not there once.")
                text = text.replace(old, new)
            file.write_text(text)
        repository.git("commit", "--quiet", "--all", "-m", change.message, env=repository.identity())
        repository.git("push", "--quiet", "origin", "HEAD:main")
        return repository.head()

    # -- setting up ---------------------------------------------------------------------------------

    def _set_up(self) -> None:
        self.folder = self._folder()
        origin, self.clone = self.folder / "origin.git", self.folder / "clone"
        scratch = self.folder / "run"
        scratch.mkdir()
        self._open.callback(shutil.rmtree, scratch, ignore_errors=True)
        with ThreadPoolExecutor(1) as pool:
            rest = pool.submit(self._clone, origin)
            self._relay(scratch)
            moto = start_moto(scratch=scratch)  # here: it dies with the thread that starts it
            self._open.callback(moto.end)
            rest.result()
        self._accounts(moto)

    def _clone(self, origin: Path) -> None:
        here = GitRepository(self.source, self.environ)
        branch = self.settings.release.branch
        kind = ("--bare", "--no-tags", "--single-branch", "--no-hardlinks", "-c", "receive.autogc=false")
        here.git("clone", "--quiet", *kind, str(here.root), str(origin))
        here.git("--git-dir", str(origin), "branch", "-M", branch)
        here.git("clone", "--quiet", str(origin), str(self.clone))

    def _folder(self) -> Path:
        if self.keep is None:
            folder = Path(tempfile.mkdtemp(prefix="modferry-demo-"))
            self._open.callback(shutil.rmtree, folder, ignore_errors=True)
            return folder
        folder = self.keep.resolve()
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty.", remedy="name a new folder with --keep")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _accounts(self, moto: Moto) -> None:
        """An account an environment, with the bucket that its stacks name in their backend."""
        self.environ["MODFERRY_EMULATOR"] = moto.endpoint
        for environment in self.settings.environment:
            moto.make_bucket(moto.environment(environment.account), f"modferry-state-{environment.name}")

    def _relay(self, scratch: Path) -> None:
        """A relay that all commands share."""
        if self.cold:
            return
        toolchain = find_toolchain(scratch=scratch, environ=self.environ)
        if AWS not in toolchain.providers():
            return
        shorten = self.settings.warm.shorten
        warm = WarmProvider(binary=provider_binary(toolchain.mirrors), scratch=scratch, shorten=shorten)
        warm.start()
        self._open.callback(warm.end)
        self.environ["MODFERRY_RELAY"] = warm.address

    def _environment(self) -> dict[str, str]:
        passed = {k: v for k, v in self.environ.items() if k.startswith(("MODFERRY_", "XDG_", "PYTHON"))}
        home = Path(__file__).resolve().parents[2]
        path = os.pathsep.join(filter(None, (str(home), self.environ.get("PYTHONPATH", ""))))
        more = {"PYTHONPATH": path, "MODFERRY_SOURCE_REDIRECT": str(self.folder / "origin.git"), "COLUMNS": "100"}
        if self.cold:
            more["MODFERRY_COLD"] = "1"
        return base_environment({**passed, **more})
