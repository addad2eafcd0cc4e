"""Settings → real adapters; the only importer of adapters/. Each verb takes from here what it needs.

Adapters are imported where they are used: `status` must not pay for the test bench.
"""

from pipeline.wiring.bench import open_bench, open_warm, reverify_tools, start_target, tools
from pipeline.wiring.elsewhere import open_workbench
from pipeline.wiring.fleet import environment_terraform, open_ferry, open_outlook, open_stack_trials
from pipeline.wiring.machine import diagnose, emulators, install_emulator, list_test_runs, open_stage, sweep_test_runs
from pipeline.wiring.pages import fill_template, pull_request_of, release_pages_of, renderer, write_pages
from pipeline.wiring.releasing import interface_facts, open_releaser
from pipeline.wiring.repository import (
    entries_of,
    module_reader,
    newest_of,
    open_module_files,
    open_project,
    remove_files,
    shared_tags_of,
    tag_reader_of,
    write_text,
)
from pipeline.wiring.signing import signer_of

__all__ = [
    "diagnose",
    "emulators",
    "entries_of",
    "environment_terraform",
    "fill_template",
    "install_emulator",
    "interface_facts",
    "list_test_runs",
    "module_reader",
    "newest_of",
    "open_bench",
    "open_ferry",
    "open_module_files",
    "open_outlook",
    "open_project",
    "open_releaser",
    "open_stack_trials",
    "open_stage",
    "open_warm",
    "open_workbench",
    "pull_request_of",
    "release_pages_of",
    "remove_files",
    "renderer",
    "reverify_tools",
    "shared_tags_of",
    "signer_of",
    "start_target",
    "sweep_test_runs",
    "tag_reader_of",
    "tools",
    "write_pages",
    "write_text",
]
