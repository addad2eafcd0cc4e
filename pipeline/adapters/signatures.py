"""Signatures by `ssh-keygen -Y` (OpenSSH 8.9 or newer): made with a key of ours, held against an `allowed_signers`.

Promise: a key that is given as text lies in a private folder for the length of one call; nothing of it is printed.
What ssh-keygen says no to is a problem that names the key; what it could not be asked is an UndecidedError.
"""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.adapters.processes import base_environment, run_bytes
from pipeline.domain.trust import Signed, armored, bare, fingerprint
from pipeline.errors import UndecidedError, UsageError

SECONDS = 60.0
TEXT = "-----BEGIN"
"""How a private key begins that is given as text, as a CI's secret."""


@dataclass(frozen=True, kw_only=True)
class SshSigner:
    """Signs with a private key: a path, or its text. A public key's path asks the agent that has the other half."""

    key: str = field(repr=False)

    def __call__(self, data: bytes, namespace: str) -> str:
        """The signature, base64; raises UsageError where the key cannot sign."""
        with tempfile.TemporaryDirectory(prefix="modferry-") as folder:
            path = Path(self.key)
            if self.key.startswith(TEXT):
                path = Path(folder) / "key"
                path.touch(mode=0o600)
                path.write_text(self.key.rstrip() + "\n")
            code, out, said = _keygen(folder, ("sign", "-q", "-n", namespace, "-f", str(path)), data)
        signature = bare(out)
        if code != 0 or not signature:
            raise UsageError(
                f"The key {'in MODFERRY_SIGNING_KEY' if self.key.startswith(TEXT) else path} cannot sign: {said}.",
                remedy="ssh-keygen -t ed25519 -f FILE makes one; add its public half to allowed_signers on main",
            )
        return signature


def check_signature(allowed: str, where: str, data: bytes, signature: str, namespace: str, at: str) -> Signed:
    """Hold a base64 signature against the text of an `allowed_signers` file, as it was at a ledger time.

    Fails closed: a key that the file does not list, lists for something else or for another time, and a signature of
    other bytes are each a problem.
    """
    key = fingerprint(signature)
    if not key:
        return Signed(problem="what stands for its signature is none")
    with tempfile.TemporaryDirectory(prefix="modferry-") as folder:
        (Path(folder) / "signers").write_text(allowed)
        (Path(folder) / "signature").write_text(armored(signature))
        files = ("-f", "signers", "-s", "signature")
        when = ("-O", "verify-time=" + re.sub(r"[^0-9]", "", at)) if at else ()
        known, out, said = _keygen(folder, ("find-principals", *files, *when), b"")
        if known != 0:
            why = said.replace("No principal matched.", "").strip() or "the file does not list it"
            return Signed(key=key, problem=f"it is signed by the unknown key {key} ({where}: {why})")
        principal = out.split()[0]
        code, _, said = _keygen(folder, ("verify", *files, *when, "-I", principal, "-n", namespace), data)
    if code == 0:
        return Signed(principal=principal, key=key)
    why = "is of other bytes" if "incorrect signature" in said.lower() else f"does not count: {said}"
    return Signed(principal=principal, key=key, problem=f"its signature by {principal} ({key}) {why}")


def _keygen(folder: str, arguments: Sequence[str], data: bytes) -> tuple[int, str, str]:
    """(code, stdout, what it said in one line); times are read as UTC."""
    env = {**base_environment(), "TZ": "UTC", "LC_ALL": "C"}
    argv = ("ssh-keygen", "-Y", *arguments)
    code, out, said = run_bytes(argv, cwd=Path(folder), env=env, seconds=SECONDS, stdin=data)
    if code < 0 or "unknown option" in said or "illegal option" in said:
        raise UndecidedError(f"ssh-keygen could not be asked: {said.strip() or code}.", remedy="modferry doctor")
    return code, out.decode(errors="replace"), " ".join(said.split()) or "ssh-keygen did not say why"
