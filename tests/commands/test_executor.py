"""`modferry test --executor dask://…` with a real scheduler and workers on loopback; a script plays Terraform.

Workers are processes of their own; one is killed with SIGKILL while it runs a part. Terraform waits in each
test file until the test lets it go on, so nothing depends on how fast the machine is.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.harness.run_folders import sweep
from pipeline.adapters.ledger import GitLedger
from pipeline.adapters.processes import RUN_MARK, base_environment
from pipeline.adapters.services import free_port
from pipeline.cli import run
from pipeline.errors import Exit
from tests.conftest import NOW, git, write_files

HOME = Path(__file__).parents[2]
NAMES = ("a", "b", "c", "d")
FILES = {"modules/note/main.tf": 'variable "x" {}\n'} | {
    f"modules/note/tests/unit/{name}.tftest.hcl": f"# {name}\n" for name in NAMES
}
PLAYS = """#!/bin/sh
case "$1" in
  version) echo '{{"terraform_version":"1.11.4"}}' ;;
  test)
    name=$(echo "$*" | sed 's/.*unit.\\([a-z]\\).tftest.*/\\1/')
    echo "$$" >> {said}/$name
    if [ -e {said}/wait ]; then while [ ! -e {said}/go ]; do sleep 0.1; done; fi
    at='"@timestamp":"2026-11-23T00:15:07.748198Z"'
    for p in starting complete; do
      echo '{{'$at',"type":"test_run","@testrun":"one","test_run":{{"run":"one","progress":"'$p'","status":"pass"}}}}'
    done ;;
esac
"""


@dataclass(kw_only=True)
class Cluster:
    """A scheduler, its workers, a repository, and a Terraform that notes who started it."""

    where: Path
    port: int = field(default_factory=free_port)
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.where / "repository"

    @property
    def said(self) -> Path:
        return self.where / "said"

    def env(self) -> dict[str, str]:
        own = {"MODFERRY_TERRAFORM": str(self.where / "terraform"), "XDG_CACHE_HOME": str(self.where / "cache")}
        dask = {"DASK_TEMPORARY_DIRECTORY": str(self.where)}
        env = base_environment({**own, **dask, "PYTHONPATH": str(HOME), "HOME": str(self.where)})
        env.pop(RUN_MARK, None)
        return env

    def start(self, *words: str, **more: str) -> "subprocess.Popen[bytes]":
        log = (self.where / f"{len(self.started)}.log").open("wb")
        argv = (sys.executable, "-m", *words)
        self.started.append(subprocess.Popen(argv, cwd=self.where, env=self.env() | more, stdout=log, stderr=log))
        log.close()
        return self.started[-1]

    def scheduler(self, **more: str) -> None:
        words = ("--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")
        self.start("distributed.cli.dask_scheduler", *words, **more)

    def worker(self, name: str, *, lanes: int = 1, **more: str) -> "subprocess.Popen[bytes]":
        """A worker without a nanny: its process is the one that dies."""
        offers = ("--resources", f"lane={lanes}") if lanes else ()
        words = ("--name", name, "--no-nanny", "--no-dashboard", "--nthreads", "2", *offers)
        return self.start("distributed.cli.dask_worker", f"tcp://127.0.0.1:{self.port}", *words, **more)

    def begin(self, *more: str) -> "subprocess.Popen[str]":
        words = ("-C", str(self.root), "test", "--suite", "unit", "--cold", "--json", *more)
        argv = (sys.executable, "-m", "pipeline", *words, "--executor", f"dask://127.0.0.1:{self.port}")
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, cwd=self.where, env=self.env(), stdout=pipe, stderr=pipe, text=True)

    def modferry(self, *more: str) -> tuple[int, str, str]:
        begun = self.begin(*more)
        out, err = begun.communicate(timeout=200)
        return begun.returncode, out, err

    def ran(self) -> dict[str, int]:
        """How often each file was run."""
        return {n: len((self.said / n).read_text().split()) for n in NAMES if (self.said / n).exists()}

    def entries(self) -> list[str]:
        ledger = GitLedger(GitRepository(self.root), lambda: NOW, "ann")
        return [entry.kind for entry in ledger.entries(None, str(ledger.tip()))] if ledger.tip() else []


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(where=tmp_path)
    made.said.mkdir()
    write_files(tmp_path, {"terraform": PLAYS.format(said=made.said)})
    (tmp_path / "terraform").chmod(0o755)
    git(tmp_path, "init", "-q", "-b", "main", str(made.root))
    write_files(made.root, FILES)
    git(made.root, "add", "-A")
    git(made.root, "commit", "-q", "-m", "feat: begin")
    try:
        yield made
    finally:
        for process in reversed(made.started):
            process.kill()
            process.wait()


def until(true: Callable[[], object], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def registered(cluster: Cluster, count: int) -> None:
    until(lambda: (cluster.where / "0.log").read_text().count("Register worker") >= count)


def owner(pid: int, of: list[int]) -> int:
    """Which of these processes is above a process."""
    while pid not in of:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid


def test_a_part_whose_worker_is_killed_runs_again_elsewhere_and_evidence_is_written_once(cluster: Cluster) -> None:
    cluster.scheduler()
    workers = [cluster.worker(name) for name in ("one", "two")]
    registered(cluster, 2)
    (cluster.said / "wait").touch()
    begun = cluster.begin()
    try:
        until(lambda: len(cluster.ran()) == 2)  # a lane each: two run, two wait
        victim = workers[0]
        pids = [w.pid for w in workers]
        taken = {n: owner(int((cluster.said / n).read_text().split()[0]), pids) for n in cluster.ran()}
        assert sorted(taken.values()) == sorted(pids)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        (cluster.said / "go").touch()
        out, err = begun.communicate(timeout=120)
    finally:
        begun.kill()
        begun.wait()
    assert begun.returncode == Exit.DONE, err
    [result] = json.loads(out)["results"]
    assert (result["verdict"], result["flaky"]) == ("passed", [])
    assert [c["name"] for c in result["cases"]] == [f"tests/unit/{n}.tftest.hcl::one" for n in NAMES]
    lost = next(n for n, pid in taken.items() if pid == victim.pid)
    assert cluster.ran() == {n: 2 if n == lost else 1 for n in NAMES}
    assert cluster.entries() == ["evidence"]
    (cluster.said / "wait").unlink()
    code, out, _ = cluster.modferry()  # and it counts like any other
    assert (code, json.loads(out)["results"][0]["reused"]) == (Exit.DONE, True)
    # The bench of the living worker is gone; what the killed one left is swept by the next bench on that machine.
    runs = cluster.where / "cache/modferry/runs"
    assert [folder.name.partition(".")[0] for folder in runs.glob("*")] == [str(victim.pid)]
    swept = sweep({"XDG_CACHE_HOME": str(cluster.where / "cache")})
    assert (len(swept.removed), swept.left, list(runs.glob("*"))) == (1, (), [])


def deadly(cluster: Cluster) -> None:
    """One file kills the worker that runs it (Terraform's parent), each time; no second worker gets it."""
    text = (cluster.where / "terraform").read_text()
    kills = 'if [ $name = b ]; then kill -9 $(awk "{print \\$4}" /proc/$$/stat); fi'
    (cluster.where / "terraform").write_text(text.replace("    at=", f"    {kills}\n    at="))
    cluster.scheduler(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")


def test_a_part_that_kills_its_workers_is_errored_and_never_a_pass(cluster: Cluster) -> None:
    deadly(cluster)
    for number in range(3):
        cluster.worker(f"w{number}")
    registered(cluster, 3)
    code, out, err = cluster.modferry()
    assert code == Exit.UNDECIDED, err
    [result] = json.loads(out)["results"]
    found = {c["name"]: c["verdict"] for c in result["cases"]}
    assert found == {"tests/unit/b.tftest.hcl": "errored"} | {
        f"tests/unit/{n}.tftest.hcl::one": "passed" for n in NAMES if n != "b"
    }
    assert result["verdict"] == "errored"
    assert cluster.ran()["b"] == 2  # beside others, and alone


def test_when_no_worker_is_left_nobody_is_waited_for(cluster: Cluster) -> None:
    deadly(cluster)
    cluster.worker("one")
    registered(cluster, 1)
    code, _, err = cluster.modferry()
    assert code == Exit.UNDECIDED
    assert "No worker is left: the last one went more than 20 s ago." in " ".join(err.split())
    assert cluster.entries() == []


def test_a_worker_with_other_tools_is_named_before_anything_runs(cluster: Cluster) -> None:
    cluster.scheduler()
    text = (cluster.where / "terraform").read_text()
    write_files(cluster.where, {"newer": text.replace("1.11.4", "1.12.0")})
    (cluster.where / "newer").chmod(0o755)
    cluster.worker("one", MODFERRY_TERRAFORM=str(cluster.where / "newer"))
    registered(cluster, 1)
    code, _, err = cluster.modferry()
    assert code == Exit.UNDECIDED
    said = " ".join(err.split())
    assert "cannot work on this repository: its tools are Tools(terraform='1.12.0'" in said
    assert "start workers with this modferry, where the repository lies at the same path" in said
    assert (cluster.ran(), cluster.entries()) == ({}, [])


def test_workers_that_offer_no_lane_are_said_with_the_command_that_helps(cluster: Cluster) -> None:
    cluster.scheduler()
    cluster.worker("one", lanes=0)
    registered(cluster, 1)
    code, _, err = cluster.modferry()
    assert code == Exit.UNDECIDED
    assert "offers lanes" in err
    assert "--resources lane=3" in err
    assert cluster.ran() == {}


def test_a_scheduler_that_does_not_answer_is_said(cluster: Cluster) -> None:
    code, _, err = cluster.modferry()
    assert code == Exit.UNDECIDED
    assert f"No dask scheduler answers at 127.0.0.1:{cluster.port} within 10 s." in err
    assert "Traceback" not in err


def test_without_the_extra_it_says_which(cluster: Cluster) -> None:
    hidden = "import sys; sys.modules['distributed'] = None; from pipeline.cli import main; main()"
    words = ("-C", str(cluster.root), "test", "--suite", "unit", "--executor", "dask://x:1")
    argv = (sys.executable, "-c", hidden, *words)
    done = subprocess.run(argv, env=cluster.env(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == Exit.USAGE
    assert "pip install 'modferry[distributed]'" in done.stderr


@pytest.mark.parametrize("text", ["dask:/x:1", "tcp://x:1", "dask://x", "dask://:1", "dask://x:y", "x:1"])
def test_what_is_no_address_is_exit_2(cluster: Cluster, text: str) -> None:
    assert run(["-C", str(cluster.root), "test", "--executor", text]) == Exit.USAGE
