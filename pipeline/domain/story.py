"""The demo's story as data: what is done, which exit code it must end with, and what that shows.

Every step is a real command of modferry or a real commit in the throw-away clone; an unexpected exit code
ends the demo, because a demo that goes on after a surprise shows nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.errors import Exit


@dataclass(frozen=True, kw_only=True)
class Command:
    """Run `modferry <words>`; it must end with `expect`."""

    title: str
    words: tuple[str, ...]
    expect: Exit = Exit.DONE


@dataclass(frozen=True, kw_only=True)
class Change:
    """Edit files (path → old text → new text), commit with `message`, push to origin's main."""

    title: str
    message: str
    edits: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


Step = Command | Change

RECORD = "modules/core/record.tf"
PROMOTED = "core"

STORY: tuple[Step, ...] = (
    Command(title="test every module on the emulator", words=("test",)),
    Command(title="release what passed: four tags in one atomic push", words=("release", "--push")),
    Command(title="a second release has nothing to do", words=("release", "--push"), expect=Exit.NOTHING),
    Command(title="bring up dev", words=("deploy", "dev")),
    Command(title="bring up staging", words=("deploy", "staging")),
    Command(title="bring up prod: three regions in two waves", words=("deploy", "prod")),
    Change(
        title="a good change: the environment's record says which module wrote it",
        message="feat(core): say in the record which module wrote it",
        edits={
            RECORD: (("    name         = var.name\n", '    module       = "core"\n    name         = var.name\n'),)
        },
    ),
    Command(title="test what the change reaches", words=("test", "--since", "core/v0.1.0")),
    Command(title="release it", words=("release", "--push")),
    Command(title="promote it to dev", words=("promote", "core", "0.1.1", "--to", "dev")),
    Command(title="promote it to staging", words=("promote", "core", "0.1.1", "--to", "staging")),
    Command(title="promote it to prod, the canary first", words=("promote", "core", "0.1.1", "--to", "prod")),
    Change(
        title="a bad change: the record moves, its tests with it, and nobody told the applications",
        message="fix(core): shorter name for the record",
        edits={
            RECORD: (('name        = "/environments/${var.name}"', 'name        = "/environment/${var.name}"'),),
            "modules/core/tests/unit/parts.tftest.hcl": (
                (
                    'record.name == "/environments/unit" && output.record_name == "/environments/unit"',
                    'record.name == "/environment/unit" && output.record_name == "/environment/unit"',
                ),
            ),
            "modules/core/tests/examples/minimal/test_environment.py": (
                ('get_parameter(Name="/environments/minimal")', 'get_parameter(Name="/environment/minimal")'),
                ('name["Name"] == "/environments/minimal"', 'name["Name"] == "/environment/minimal"'),
            ),
        },
    ),
    Command(title="test what the change reaches: it passes", words=("test", "--since", "core/v0.1.1")),
    Command(title="release it: called a fix, measured as a replacement, so not a patch", words=("release", "--push")),
    Command(title="promote it to dev: verified there", words=("promote", "core", "0.2.0", "--to", "dev")),
    Command(
        title="promote it to staging: verification fails, staging is carried back",
        words=("promote", "core", "0.2.0", "--to", "staging"),
        expect=Exit.RESTORED,
    ),
    Command(
        title="it can never reach prod",
        words=("promote", "core", "0.2.0", "--to", "prod"),
        expect=Exit.REFUSED,
    ),
    Change(
        title="a broken change: its tests fail",
        message="feat(core): keep the record as a list",
        edits={RECORD: (('type        = "String"', 'type        = "StringList"'),)},
    ),
    Command(
        title="test what the change reaches: it fails",
        words=("test", "core", "--suite", "unit"),
        expect=Exit.TESTS_FAILED,
    ),
    Command(title="no tests passed, no tag", words=("release", "--push"), expect=Exit.REFUSED),
    Command(title="the fleet", words=("status",)),
    Command(title="the fleet's page", words=("report", "--out", "{folder}/page")),
)
