"""A forked test process is what `python -m pytest` would have been: outcome, report, surroundings."""

import json
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.adapters.harness.handout import VARIABLE, Handout
from pipeline.adapters.harness.prepared_client import DOOR
from pipeline.adapters.harness.prepared_tests import PreparedTests
from pipeline.adapters.harness.reports import cases_from_report
from pipeline.adapters.harness.suites import NO_SUMMARY
from pipeline.adapters.processes import Outcome, base_environment, run
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Suite, Verdict
from tests.harness.test_bench import bench
from tests.warm.leftovers import all_gone

GOOD = "def test_good():\n    pass\n"
FLAGS = ("-q", "-p", "pipeline.adapters.pytest_plugin", "-p", "no:cacheprovider", *NO_SUMMARY, "-c", "/dev/null")
PLAIN = (sys.executable, "-m", "pytest")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PreparedTests]:
    """One for all tests here: what one leaves would be seen by the next. Its path is longer than a socket's may be."""
    tests = PreparedTests(tmp_path_factory.mktemp("a-folder-with-a-long-name" * 5) / "prepared")
    yield tests
    tests.end()


def session(
    where: Path, files: Mapping[str, str], tests: PreparedTests | None, more: Mapping[str, str] | None = None
) -> tuple[Outcome, list[tuple[str, Verdict]]]:
    """These files of tests/unit, in a forked process or (None) in one of Python's own; cases as (name, verdict)."""
    module = where / "tree" / "modules" / "note"
    for name, text in files.items():
        path = module / "tests" / "unit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    report = where / "report.jsonl"
    report.unlink(missing_ok=True)
    handout = Handout(
        root=str(where / "tree"), module="modules/note", target="moto", region="us-east-1", aws={},
        terraform=("terraform",), env={}, scratch=str(where), report=str(report), seconds=5, abandon=True, inits="",
    )  # fmt: skip
    handout.write(where / "handout.json")
    env = base_environment({VARIABLE: str(where / "handout.json"), "PYTHONDONTWRITEBYTECODE": "1", **(more or {})})
    named = [f"tests/unit/{name}" for name in files if "test_" in name]
    arguments = (*FLAGS, "--rootdir", str(module), *named)
    argv = tests.command(*arguments) if tests else (*PLAIN, *arguments)
    outcome = run(argv, cwd=module, env=env, seconds=60)
    found = cases_from_report(report, "tests/unit", outcome, 1.0, lambda _: None)
    return outcome, [(case.name, case.verdict) for case in found]


def printed(outcome: Outcome) -> str:
    """What it said, without how long it took and where objects lay."""
    crash = re.sub(r"(?s)Fatal Python error.*", "", outcome.stderr)  # the stack below pytest is another
    return re.sub(r"in [0-9.]+s|0x[0-9a-f]+", "", outcome.stdout + crash)


ENDS = {
    "passes": (0, GOOD),
    "fails": (1, "def test_bad():\n    left = [1, 2]\n    assert left == [1, 3]\n"),
    "both": (1, f"{GOOD}def test_bad():\n    raise ValueError('no')\n"),
    "skips": (0, "import pytest\n@pytest.mark.skip\ndef test_it():\n    pass\n"),
    "skips its file": (5, "import pytest\npytest.skip('not today', allow_module_level=True)\n"),
    "cannot be imported": (2, "import nowhere\n"),
    "is no Python": (2, "def test_(:\n"),
    "has no tests": (5, "x = 1\n"),
    "asks for what is not there": (1, "def test_it(nothing):\n    pass\n"),
    "exits with 0": (0, f"{GOOD}def test_end():\n    import os; os._exit(0)\n"),
    "exits with 3": (3, f"{GOOD}def test_end():\n    import os; os._exit(3)\n"),
    "ends the session": (0, f"{GOOD}def test_end():\n    import pytest; pytest.exit('enough', returncode=0)\n"),
    "ends Python": (1, f"{GOOD}def test_end():\n    raise SystemExit(7)\n"),
    "is interrupted": (2, f"{GOOD}def test_end():\n    raise KeyboardInterrupt\n"),
    "is killed": (-9, f"{GOOD}def test_end():\n    import os; os.kill(os.getpid(), 9)\n"),
    "is terminated": (-15, f"{GOOD}def test_end():\n    import os; os.kill(os.getpid(), 15)\n"),
    "crashes": (-11, f"{GOOD}def test_end():\n    import os; os.kill(os.getpid(), 11)\n"),
    "says much": (1, "import os\ndef test_it():\n    print('x' * 10**6)\n    os.write(2, b'y' * 9999)\n    assert 0\n"),
    "says it past pytest": (0, f"{GOOD}import atexit, os\natexit.register(lambda: os.write(1, b'z' * 1_000_000))\n"),
    "leaves something to its end": (0, f"{GOOD}import atexit\natexit.register(lambda: print('the end'))\n"),
    "leaves a thread": (
        0,
        f"{GOOD}import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.3), print('late'))).start()\n",
    ),
    "leaves a cycle that complains": (
        0,
        "class Loud:\n    def __init__(self):\n        self.me = self\n"
        "    def __del__(self):\n        raise ValueError\ndef test_it():\n    Loud()\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_it_ends_and_reports_as_a_process_of_its_own(name: str, prepared: PreparedTests, tmp_path: Path) -> None:
    code, text = ENDS[name]
    alone, alone_cases = session(tmp_path, {"test_a.py": text}, None)
    forked, forked_cases = session(tmp_path, {"test_a.py": text}, prepared)
    assert prepared.server
    assert (forked.code, forked_cases) == (alone.code, alone_cases)
    assert forked.code == code
    assert printed(forked) == printed(alone)


LOOK = """
import builtins, gc, json, locale, os, resource, signal, subprocess, sys, tempfile, threading, time
def test_look():
    main = sys.modules["__main__"]
    seen = {
        "environ": dict(os.environ), "of C": str(subprocess.check_output(["env", "-0"])),
        "argv": sys.argv, "path": sys.path, "cwd": os.getcwd(), "executable": sys.executable, "flags": list(sys.flags),
        "no bytecode": sys.dont_write_bytecode, "main": [main.__name__, main.__spec__.name, main.__file__],
        "group": [os.getsid(0) == os.getpgid(0) == os.getpid()], "threads": threading.active_count(),
        "descriptors": sorted(os.listdir("/proc/self/fd")), "temporary": tempfile.gettempdir(),
        "signals": [str(signal.getsignal(number)) for number in range(1, 64)],
        "held back": list(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "collector": [gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.get_freeze_count() > 5_000],
        "streams": [[s.encoding, s.errors, s.line_buffering, s.seekable(), s.fileno()]
                    for s in (sys.__stdin__, sys.__stdout__, sys.__stderr__)],
        "umask": [os.umask(0o77), os.nice(0)], "core": resource.getrlimit(resource.RLIMIT_CORE),
        "zone": time.tzname, "locale": locale.getlocale(), "filters": __import__("warnings").filters,
        "hooks": [str(type(h)) for h in sys.meta_path], "switch": sys.getswitchinterval(),
        "ends": sys.excepthook is sys.__excepthook__,
    }
    open("seen.json", "w").write(json.dumps(seen, default=str))
"""


@pytest.mark.parametrize(
    "more", [{}, {"TZ": "Asia/Tokyo", "WORD": "ü\udcff"}, {"PYTHONOPTIMIZE": "1"}, {"LC_ALL": "C"}]
)
def test_it_finds_itself_in_the_same_surroundings(
    prepared: PreparedTests, tmp_path: Path, more: dict[str, str]
) -> None:
    seen = []
    for tests in (None, prepared):
        outcome, _ = session(tmp_path, {"test_look.py": LOOK}, tests, more)
        assert outcome.code == 0, outcome.stdout
        seen.append(json.loads((tmp_path / "tree/modules/note/seen.json").read_text()))
    for about, value in seen[0].items():
        assert seen[1][about] == value, about


CHANGE = """
import builtins, os, random, sys
def test_change():
    assert not hasattr(builtins, "left") and "left" not in os.environ and "left" not in sys.modules
    assert "left" not in sys.path and os.path.exists("tests/unit/test_change.py")
    builtins.left = os.environ["left"] = "1"
    sys.modules["left"] = sys
    sys.path.insert(0, "left")
    os.chdir("/")
    open(sys.__stdin__.fileno(), closefd=False).read()
    os.write(1, b"")
    print("chance", random.random(), os.urandom(4))
    assert os.environ["OF"] == "%s"
    assert 0
"""


def test_nothing_of_one_is_seen_by_the_next_and_chance_is_each_ones_own(
    prepared: PreparedTests, tmp_path: Path
) -> None:
    said = set()
    for of in ("a", "b", "c"):
        outcome, _ = session(tmp_path, {"test_change.py": CHANGE % of}, prepared, {"OF": of})
        assert "E       assert 0\n" in outcome.stdout
        said.add(next(line for line in outcome.stdout.splitlines() if line.startswith("chance")))
    assert len(said) == 3


def test_several_at_once_each_have_their_own(prepared: PreparedTests, tmp_path: Path) -> None:
    text = "import os, time\ndef test_it():\n    time.sleep(0.3)\n    os._exit(int(os.environ['OF']))\n"

    def one(number: int) -> int:
        where = tmp_path / str(number)
        where.mkdir()
        return session(where, {"test_it.py": text}, prepared, {"OF": str(number)})[0].code

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, range(10, 22))) == list(range(10, 22))


def test_a_module_of_the_tests_with_the_name_of_one_that_was_loaded_is_theirs(
    prepared: PreparedTests, tmp_path: Path
) -> None:
    text = "import boto3\ndef test_it():\n    assert boto3.MINE  # or boto3.client('sts')\n"
    outcome, cases = session(tmp_path, {"test_it.py": text, "boto3.py": "MINE = True\n"}, prepared)
    assert outcome.code == 0, outcome.stdout
    assert cases == [("tests/unit/test_it.py::test_it", Verdict.PASSED)]


def test_services_that_a_file_names_are_read_before_it_runs(prepared: PreparedTests, tmp_path: Path) -> None:
    text = "import sys\ndef test_it():\n    assert ('boto3' in sys.modules) and %s\ndef not_run(aws):\n    aws('%s')\n"
    read = "__import__('botocore.loaders').loaders.JSONFileLoader.load_file.modferry"
    assert session(tmp_path, {"test_it.py": text % (read, "sts")}, prepared)[0].code == 0
    assert session(tmp_path, {"test_it.py": text % (read, "no-such-service")}, prepared)[0].code == 0


def test_a_server_outlives_the_thread_that_asked_first_and_ends_twice(tmp_path: Path) -> None:
    tests = PreparedTests(tmp_path / "prepared")
    asking = threading.Thread(target=tests.command)
    asking.start()
    asking.join()
    outcome, _ = session(tmp_path, {"test_a.py": GOOD}, tests)
    assert outcome.code == 0
    server = tests.server
    assert server
    assert server.is_alive()
    tests.end()
    tests.end()
    assert all_gone([server.pid])
    assert tests.command("-q") == (*PLAIN, "-q")


def test_without_a_server_tests_run_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    never_up = PreparedTests(tmp_path / "file")
    assert never_up.command("-q") == (*PLAIN, "-q")
    never_up.end()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "platform", "darwin")
        assert PreparedTests(tmp_path / "prepared").command("-q") == (*PLAIN, "-q")
    assert not (tmp_path / "prepared").exists()


def test_a_client_that_reaches_nobody_runs_the_tests_itself(tmp_path: Path) -> None:
    tests = PreparedTests(tmp_path / "prepared")
    assert tests.command()[:2] != PLAIN[:2]
    (tmp_path / "prepared" / DOOR).unlink()
    outcome, cases = session(tmp_path, {"test_a.py": "def test_bad():\n    assert 0\n"}, tests)
    tests.end()
    assert (outcome.code, cases) == (1, [("tests/unit/test_a.py::test_bad", Verdict.FAILED)])


def test_a_bench_runs_its_parts_so(tmp_path: Path) -> None:
    made = bench(tmp_path, "pass", 0)
    unit = made.tree / "modules" / "note" / "tests" / "unit"
    unit.mkdir(parents=True)
    (unit / "test_a.py").write_text("import os, sys\ndef test_forked():\n    assert str(os.getppid()) == SERVER\n")
    made.tests.command()
    assert made.tests.server
    text = f"SERVER = '{made.tests.server.pid}'\n"
    (unit / "test_a.py").write_text(text + (unit / "test_a.py").read_text())
    part = Part(module="note", path="modules/note", suite=Suite.UNIT, kind="pytest", files=("tests/unit/test_a.py",))
    [case] = made.run(part)
    made.tests.end()
    assert case.verdict is Verdict.PASSED, case.message
