"""The pauses of a provider: which are shortened, where, and what is left alone."""

import ctypes
import mmap
import platform
import struct
import time

import pytest

from pipeline.adapters.warm import WarmProvider, waits
from tests.conftest import write_files
from tests.warm.conftest import ACCOUNTS, Bench, ok

FRAME = "55 48 89 e5 48 83 ec 28"
SLEEP = bytes.fromhex("49 3b 66 10 0f 86 f4 00 00 00" + FRAME + "c3").ljust(32, b"\xcc")
TIMER = bytes.fromhex("49 3b 66 10 76 16" + FRAME + "c3").ljust(32, b"\xcc")
TEXT = 0x401000

PAUSING = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}
resource "aws_vpc" "this" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
}
"""


def program(*, sleep: bytes = SLEEP, timer: bytes = TIMER, machine: int = 62, magic: int = 0xFFFFFFF1) -> bytes:
    """An ELF image with two functions in .text at offset 0x1000 and a Go line table behind them."""
    code = sleep + timer
    names = b"\0time.Sleep\0time.NewTimer\0"
    functions = [(0, 1), (len(sleep), 12)]
    rows = 72 + len(names)
    index = b"".join(struct.pack("<II", entry, 8 * len(functions) + 8 * i) for i, (entry, _) in enumerate(functions))
    details = b"".join(struct.pack("<Ii", entry, name) for entry, name in functions)
    offsets = (2, 0, TEXT, 72, rows, rows, rows, rows)
    table = struct.pack("<IHBBQQQQQQQQ", magic, 0, 1, 8, *offsets) + names + index + details
    strings = b"\0.text\0.gopclntab\0.shstrtab\0"
    parts = [
        (b".text", TEXT, 0x1000, code),
        (b".gopclntab", 0x500000, 0x2000, table),
        (b".shstrtab", 0, 0x3000, strings),
    ]
    image = bytearray(0x4000)
    for _, _, offset, content in parts:
        image[offset : offset + len(content)] = content
    image[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<HH", image, 16, 2, machine)
    struct.pack_into("<Q", image, 0x28, 0x3800)
    struct.pack_into("<HHH", image, 0x3A, 64, len(parts), 2)
    for number, (name, address, offset, content) in enumerate(parts):
        where = strings.index(name + b"\0")
        struct.pack_into("<IIQQQQ", image, 0x3800 + 64 * number, where, 1, 0, address, offset, len(content))
    return bytes(image)


def test_both_functions_jump_to_code_that_divides_and_comes_back() -> None:
    found = waits.patch(program())
    assert found is not None
    (cave, code), *jumps = found.writes
    assert cave >= TEXT + len(SLEEP) + len(TIMER), "the code lies behind all functions"
    for (address, jump), entry, body in zip(jumps, (TEXT, TEXT + 32), (10, 6), strict=True):
        assert address == entry + body, "behind the stack check, which calls the function again"
        assert len(jump) == 8
        target = address + 5 + struct.unpack("<i", jump[1:5])[0]
        rest = code[target - cave :]
        stolen = rest.index(bytes.fromhex(FRAME))
        back = cave + code.index(rest) + stolen + 8
        assert rest[stolen + 8] == 0xE9
        assert back + 5 + struct.unpack("<i", rest[stolen + 9 : stolen + 13])[0] == address + 8


SECOND = 1_000_000_000


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the code is for amd64")
@pytest.mark.parametrize(
    ("asked", "sleep", "timer"),
    [
        (-SECOND, -SECOND, -SECOND), (0, 0, 0), (SECOND // 20, SECOND // 20, SECOND // 20),
        (SECOND // 10, SECOND // 640, SECOND // 640), (SECOND, SECOND // 64, SECOND // 64),
        (3 * SECOND, 3 * SECOND // 64, 3 * SECOND // 64), (4 * SECOND, 4 * SECOND // 64, SECOND // 20),
        (10 * SECOND, 10 * SECOND // 64, SECOND // 20), (11 * SECOND, 11 * SECOND // 64, 11 * SECOND // 64),
        (59 * SECOND, 59 * SECOND // 64, 59 * SECOND // 64), (60 * SECOND, 60 * SECOND // 64, 60 * SECOND),
        (2**62, 2**56, 2**62),
    ],
)  # fmt: skip
def test_what_the_code_makes_of_a_time(asked: int, sleep: int, timer: int) -> None:
    """Short ones, and limits, stay; what is a pause before a look is 50 ms at most."""
    assert [_executed(kind, asked) for kind in (False, True)] == [sleep, timer]


def _executed(timer: bool, argument: int) -> int:
    """What is left in RAX: push r12; mov rax, rdi; the code; pop r12; ret."""
    code = b"\x41\x54\x48\x89\xf8" + waits._divide(timer=timer) + b"\x41\x5c\xc3"
    with mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as memory:
        memory.write(code)
        place = ctypes.c_char.from_buffer(memory)
        call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(ctypes.addressof(place))
        found = int(call(argument))
        del call, place
        return found


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (program(sleep=b"\x90" * 32), "a prologue that is not the known one"),
        (program(timer=TIMER[:6] + b"\x90" * 26), "a frame that is not the known one"),
        (program(machine=183), "another processor"),
        (program(magic=0xFFFFFFF0), "an older line table"),
        (b"#!/bin/sh\n", "no program at all"),
    ],
)
def test_what_is_not_known_is_left_alone(image: bytes, why: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("program") / "provider"
    file.write_bytes(image)
    assert waits.find(file, len(image), 0) is None, why


@pytest.mark.parametrize(
    ("endpoint", "may"),
    [
        ("http://127.0.0.1:5000", True),
        ("http://localhost:4566", True),
        ("http://[::1]:5000", True),
        ("https://ec2.us-east-1.amazonaws.com", False),
        ("http://localhost.example.org", False),
        ("http://127.evil.example", False),
        ("", False),
    ],
)
def test_only_an_emulator_on_this_machine(endpoint: str, may: bool) -> None:
    assert waits.may_shorten({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}) is may


@pytest.mark.terraform
def test_a_pause_is_shorter_and_the_state_the_same(bench: Bench) -> None:
    """DNS hostnames: the provider pauses 10 s before it looks whether the attribute is there."""
    aws = bench.aws(ACCOUNTS[0])
    seconds: dict[bool, float] = {}
    states: dict[bool, str] = {}
    for shorten in (True, False):
        where = bench.scratch / f"pauses-{shorten}"
        write_files(where, {"main.tf": PAUSING})
        relay: WarmProvider = bench.relay(shorten=shorten)
        try:
            ok(bench.terraform(where, aws, "init", warm=relay))
            ok(bench.terraform(where, aws, "plan", warm=relay))  # the provider is started and configured
            assert relay.stats()["shortened"] == int(shorten)
            began = time.monotonic()
            ok(bench.terraform(where, aws, "apply", "-auto-approve", warm=relay))
            seconds[shorten] = time.monotonic() - began
            states[shorten] = ok(bench.terraform(where, aws, "state", "list", warm=relay)).stdout
        finally:
            relay.end()
    assert states[True] == states[False] == "aws_vpc.this\n"
    assert seconds[False] > 10, "the provider's own pause"
    assert seconds[True] < seconds[False] - 5, seconds
