"""What the world does to real promotions: origin rejects, the disk is full, the network is cut in the middle of an
apply. Each time the next run ends with every stack at a version that is written down (R4). Clocks that jump:
test_times.py; every fault at every port: test_kill_points.py and test_machine.py."""

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.adapters.emulators.moto import Moto
from pipeline.domain.promotion.claims import fleet_of
from pipeline.errors import Exit
from tests.promotion.estate import HOME, Estate
from tests.promotion.real import assert_whole, make_estate

pytestmark = pytest.mark.terraform

ONE = {"dev": ("one",)}
TINY = "12m"
NAMESPACE = ("unshare", "--map-root-user", "--mount")
"""A file system of our own needs no rights where user namespaces are let in."""


def runs(estate: Estate) -> str:
    content = fleet_of(estate.history()).stack("dev", "one").content
    assert content
    return content.pins["note"].removeprefix("note/v")


def reject(estate: Estate, ref: str) -> Path:
    """Origin takes no push to refs like this (a shell pattern), and says so."""
    hook = estate.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nwhile read old new ref; do case "$ref" in {ref}) exit 1;; esac; done\n')
    hook.chmod(0o755)
    return hook


def test_origin_that_rejects(tmp_path: Path, emulator: Moto, relay: str) -> None:
    estate = make_estate(tmp_path, emulator, relay, ONE)
    checks = '[[environment.checks]]\nkind = "terraform_checks"\n[[environment.checks]]\nkind = "command"\n'
    checks += 'command = ["ls", "{stack}/main.tf", "verify"]\n'
    estate.push("checks", {"modferry.toml": (estate.clone / "modferry.toml").read_text() + checks})

    hook = reject(estate, "refs/heads/main")
    code, document, said = estate.modferry("promote", "note", "0.2.0", "--to", "dev")
    assert (code, document["phase"]) == (int(Exit.WAITING), "unlanded"), said
    assert "pre-receive hook declined" in document["reason"], document
    assert "ref=note/v0.1.0" in estate.pins("dev", "one") and runs(estate) == "0.2.0"
    hook.unlink()
    code, document, said = estate.modferry("recover")
    assert code == 0, (document, said)
    assert_whole(estate, ONE)
    assert runs(estate) == "0.2.0"
    [kept] = [entry.body["checks"] for entry in estate.entries()[-6:] if entry.kind == "stack.verified"]
    assert [(check["name"], check["verdict"]) for check in kept] == [
        ("second plan is empty", "passed"),
        ("test_note::test_the_note_is_not_bad", "passed"),
        ("terraform_checks", "passed"),
        ("command ls {stack}/main.tf verify", "passed"),
    ]

    hook = reject(estate, "*")
    before = len(estate.entries())
    code, document, said = estate.modferry("promote", "note", "0.1.0", "--to", "dev")
    assert code == int(Exit.REFUSED) and "rejected the push, and nothing of it stays" in said, (code, document, said)
    hook.unlink()
    assert len(estate.entries()) == before
    assert_whole(estate, ONE)


def test_a_disk_that_is_full(tmp_path: Path, emulator: Moto, relay: str) -> None:
    if subprocess.run((*NAMESPACE, "true"), capture_output=True, check=False).returncode:
        pytest.skip(f"a disk of {TINY} needs `unshare --map-root-user --mount`, which is not let in here")
    estate = make_estate(tmp_path, emulator, relay, ONE)
    fill_at(estate, "after apply one", "0.2.0")
    code, document, said = estate.modferry("recover")
    assert code == 0, (document, said)
    assert_whole(estate, ONE)
    assert runs(estate) == "0.2.0"


def fill_at(estate: Estate, point: str, version: str) -> None:
    """A promotion in a clone on a small disk, which is full from `point` on; it must say so, and not crash."""
    disk = estate.folder / "disk"
    disk.mkdir()
    words = f"{sys.executable} -m tests.promotion.killer '{point}' 0 promote note {version} dev"
    script = (
        f"mount -t tmpfs -o size={TINY} tmpfs {disk} && git clone -q {estate.origin} {disk}/clone && "
        f"cd {disk}/clone && {words}; code=$?; df {disk} >&2; exit $code"
    )
    done = subprocess.run(
        (*NAMESPACE, shutil.which("sh") or "sh", "-c", script),
        env={**estate.environ, "PYTHONPATH": str(HOME), "FILL_AT_POINT": str(disk)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "100%" in done.stderr, done.stderr
    assert "No space left on device" in done.stderr, done.stderr
    assert done.returncode not in (0, -9), done.stderr
    assert list(fleet_of(estate.history()).open()), "it was in the middle of it"


class Network:
    """A way to the emulator that can be cut: what is sent when a request names `word` arrives, no answer comes
    back, and nothing gets through until `mend`."""

    def __init__(self, port: int) -> None:
        self.to = port
        self.word = b""
        self.is_cut = threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server.getsockname()[1]}"

    def mend(self) -> None:
        self.word = b""
        self.is_cut.clear()

    def close(self) -> None:
        self.server.close()
        for one in self.open:
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            if self.is_cut.is_set():
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.to))
            self.open += [near, far]
            threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, asks: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                if asks and self.word and self.word in data:
                    self.is_cut.set()
                if not asks and self.is_cut.is_set():
                    break
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


@pytest.fixture
def network(emulator: Moto) -> Iterator[Network]:
    made = Network(emulator.port)
    yield made
    made.close()


@pytest.mark.soak
def test_a_network_that_is_cut_in_the_middle_of_an_apply(
    tmp_path: Path, emulator: Moto, relay: str, network: Network
) -> None:
    """AWS did what it was asked, and nobody heard: neither Terraform's state nor the ledger knows."""
    estate = make_estate(tmp_path, emulator, relay, ONE)
    limit = (estate.clone / "modferry.toml").read_text() + "[test]\nseconds = 30\n"
    estate.push("give up soon", {"modferry.toml": limit})
    cut = {"MODFERRY_EMULATOR": network.endpoint}
    network.word = b"AmazonSSM.PutParameter"
    code, document, said = estate.modferry("promote", "note", "0.2.0", "--to", "dev", **cut)
    assert network.is_cut.is_set()
    assert code in (int(Exit.NOT_RESTORED), int(Exit.UNDECIDED)), (code, document, said)
    assert list(fleet_of(estate.history()).open()), "it waits for the network"
    network.mend()
    code, document, said = estate.modferry("recover", **cut)
    assert code in (int(Exit.DONE), int(Exit.RESTORED)), (code, document, said)
    assert_whole(estate, ONE)
    assert runs(estate) in ("0.1.0", "0.2.0")
