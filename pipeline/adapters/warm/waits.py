"""Shortens the fixed pauses that a provider makes for AWS, where an emulator has long been ready.

The AWS provider sleeps 30 s before it asks for the first time whether a load balancer is there, 10 s after an
instance, up to 60 s in an EKS destroy, and nothing in its configuration changes that (docs/adr/0006). What it asks
for, what it is told and what it decides stays as it is; only the time between two questions is divided by 64:
in the running process, whose own file is not touched, `time.Sleep` from 0.1 s and `time.NewTimer` from 0.1 s to
below a minute (longer timers are time limits, and stay); timers of up to 10 s take 50 ms at most. Only for an
endpoint on this machine's loopback.

Works on Linux, amd64, for programs of Go 1.20 and later; anything else, also a prologue that is not exactly the
known one, is left as it is: the pauses are then the provider's own, nothing else changes.
Formats: the line table is `runtime.pcHeader` in Go's src/runtime/symtab.go; registers in Go's
src/cmd/compile/abi-internal.md (first argument in RAX; R12 is free at function entry).
"""

import functools
import mmap
import os
import platform
import re
import signal
import struct
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SHIFT = 6
SHORTEST = 99_999_999
"""Nanoseconds; what is not longer stays as it is: polls must not become a busy loop. The SDK's first wait, which then
doubles, is exactly 0.1 s (retry.StateChangeConf), and is shortened: seven of them make half a second."""
LOOKS, LONGEST = 10_000_000_000 >> SHIFT, 50_000_000
"""Nanoseconds: what a timer of 10 s is divided to, and what is then left of those up to it. The suites of our modules
ask for 0.05, 0.1, 1, 2, 5, 10 and 30 s and random times below a minute, all of them pauses before a look; limits begin
at a minute. Other resources have limits of 30 s, which keep half a second; one of 3 s always had 47 ms."""
TIME_LIMITS = 60_000_000_000
"""Nanoseconds; from here on a timer is taken to be a time limit. Pauses before the first poll go up to a random time
below a minute (EKS destroy); a limit below it, 20 s say, shrinks to 0.3 s: reached, it is an error, never a pass."""

_GO_1_20 = 0xFFFFFFF1
_FRAME = bytes.fromhex("55 48 89 e5 48 83 ec")
"""push rbp; mov rbp, rsp; sub rsp, imm8: seven bytes and the frame's size."""
_STACK_CHECK = bytes.fromhex("49 3b 66 10")
"""cmp rsp, [r14+16], followed by a short (76) or long (0f 86) jump to the growing of the stack."""


@dataclass(frozen=True, kw_only=True)
class Patch:
    """What to write where: pairs of address and bytes, in the order of writing (code before the jumps to it)."""

    writes: tuple[tuple[int, bytes], ...]


def may_shorten(variables: Mapping[str, str]) -> bool:
    """Whether a provider with these variables talks to an emulator here: its endpoint is on loopback."""
    host = urlsplit(variables.get("AWS_ENDPOINT_URL", "")).hostname or ""
    return host in ("localhost", "::1") or bool(re.fullmatch(r"127(\.\d+){3}", host))


def shorten(pid: int, binary: Path) -> bool:
    """Shorten the pauses of the running process; whether that was possible. The process is stopped for a few ms."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    status = binary.stat()
    patch = find(binary, status.st_size, status.st_mtime_ns)
    if patch is None:
        return False
    try:
        os.kill(pid, signal.SIGSTOP)
        try:
            _write(pid, patch)
        finally:
            os.kill(pid, signal.SIGCONT)
    except OSError:
        return False
    return True


def _write(pid: int, patch: Patch) -> None:
    end = time.monotonic() + 1
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        if time.monotonic() > end:
            raise OSError("the process does not stop")
        time.sleep(0.0005)
    with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
        for address, code in patch.writes:
            memory.seek(address)
            memory.write(code)


@functools.lru_cache(maxsize=4)
def find(binary: Path, _size: int, _changed: int) -> Patch | None:
    """The patch for a program, or None where it is not one that this knows (0.2 s for 700 MB, read where needed)."""
    with binary.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as image:
        try:
            return patch(image)
        except (struct.error, KeyError, ValueError):
            return None


def patch(image: "mmap.mmap | bytes") -> Patch | None:
    """The patch for an ELF image, or None; raises struct.error, KeyError or ValueError for what is no such image."""
    if image[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<HH", image, 16) != (2, 62):
        return None
    sections = _sections(image)
    text, offset, size = sections[".text"]
    functions = _functions(image, sections[".gopclntab"][1], ("time.Sleep", "time.NewTimer"))
    # The rest of the last page of the code is mapped, executable and used by nothing.
    cave = -(-(text + size) // 16) * 16
    room = -(text + size) % 4096
    code, jumps = b"", []
    for name, address in functions.items():
        start = address - text + offset
        body = _body(image[start : start + 18])
        if body is None:
            return None
        stolen = image[start + body : start + body + 8]
        here = cave + len(code)
        divided = _divide(timer=name == "time.NewTimer") + stolen
        code += divided + _jump(here + len(divided), address + body + 8)
        jumps.append((address + body, _jump(address + body, here) + b"\x90\x90\x90"))
    if len(code) + 16 > room:
        return None
    return Patch(writes=((cave, code), *jumps))


def _body(head: bytes) -> int | None:
    """Where the body of a function begins after its stack check, if it sets up its frame in the known way."""
    if head[:4] != _STACK_CHECK:
        return None
    start = 6 if head[4] == 0x76 else 10 if head[4:6] == b"\x0f\x86" else None
    return start if start is not None and head[start : start + 7] == _FRAME else None


def _divide(*, timer: bool) -> bytes:
    """Machine code: RAX is divided where it lies in the bounds; flags and R12 are free here."""
    shift = bytes([0x48, 0xC1, 0xF8, SHIFT])  # sar rax, SHIFT
    if timer:
        # cmp rax, LOOKS; jg to the end; cmp rax, LONGEST; jle to the end; mov eax, LONGEST
        shift += b"\x48\x3d" + struct.pack("<i", LOOKS) + b"\x7f\x0d"
        shift += b"\x48\x3d" + struct.pack("<i", LONGEST) + b"\x7e\x05\xb8" + struct.pack("<i", LONGEST)
        # mov r12, TIME_LIMITS; cmp rax, r12; jge over the shift
        shift = b"\x49\xbc" + struct.pack("<q", TIME_LIMITS) + b"\x4c\x39\xe0" + bytes([0x7D, len(shift)]) + shift
    # cmp rax, SHORTEST; jle over all of it
    return b"\x48\x3d" + struct.pack("<i", SHORTEST) + bytes([0x7E, len(shift)]) + shift


def _jump(source: int, target: int) -> bytes:
    return b"\xe9" + struct.pack("<i", target - source - 5)


def _sections(image: "mmap.mmap | bytes") -> dict[str, tuple[int, int, int]]:
    """Name → address, offset, size of the ELF sections."""
    (table,) = struct.unpack_from("<Q", image, 0x28)
    _, count, names = struct.unpack_from("<HHH", image, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", image, table + 64 * number) for number in range(count)]
    strings = headers[names][4]
    found = {}
    for name, _, _, address, offset, size in headers:
        end = image.find(b"\0", strings + name)
        found[image[strings + name : end].decode()] = (address, offset, size)
    return found


def _functions(image: "mmap.mmap | bytes", table: int, names: tuple[str, ...]) -> dict[str, int]:
    """Name → address, from Go's line table at this offset; raises ValueError where one is missing."""
    magic, _, _, pointer, count, _, start, strings, after, _, _, rows = struct.unpack_from(
        "<IHBBQQQQQQQQ", image, table
    )
    if magic != _GO_1_20 or pointer != 8:
        raise ValueError("not a line table of Go 1.20 or later")
    text = image[table + strings : table + after]
    wanted = {text.find(b"\0" + name.encode() + b"\0") + 1: name for name in names}
    if 0 in wanted:
        raise ValueError("a function is missing")
    index = memoryview(image[table + rows : table + rows + 8 * count]).cast("I")
    found: dict[str, int] = {}
    for number in range(count):
        (name,) = struct.unpack_from("<i", image, table + rows + index[2 * number + 1] + 4)
        if name in wanted:
            found[wanted[name]] = start + index[2 * number]
            if len(found) == len(names):
                return found
    raise ValueError("a function is missing")
