"""The remembered settings: equal to a fresh reading, forgotten when the file changes, never in the way."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config import read_settings
from pipeline.errors import UsageError

TEXT = 'source = "https://github.com/acme/infra.git"\n[[environment]]\nname = "prod"\nwaves = [["a*"]]\n'


def test_a_second_reading_is_equal_and_does_not_import_pydantic(tmp_path: Path) -> None:
    (tmp_path / "modferry.toml").write_text(TEXT)
    first = read_settings(tmp_path, tmp_path / "cache")
    assert read_settings(tmp_path, tmp_path / "cache") == first == read_settings(tmp_path)
    code = (
        "import sys; from pathlib import Path; from pipeline.config import read_settings; "
        "read_settings(Path(sys.argv[1]), Path(sys.argv[1]) / 'cache'); sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0
    (tmp_path / "cache/settings.pickle").unlink()
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 1


def test_a_changed_file_is_read_again_and_a_bad_one_is_never_remembered(tmp_path: Path) -> None:
    (tmp_path / "modferry.toml").write_text(TEXT)
    read_settings(tmp_path, tmp_path)
    (tmp_path / "modferry.toml").write_text(TEXT.replace("prod", "live"))
    assert read_settings(tmp_path, tmp_path).order == ("live",)
    (tmp_path / "modferry.toml").write_text(TEXT + "wavs = 1\n")
    for _ in range(2):
        with pytest.raises(UsageError, match="wavs"):
            read_settings(tmp_path, tmp_path)


def test_a_broken_cache_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "modferry.toml").write_text(TEXT)
    (tmp_path / "settings.pickle").write_bytes(b"\x80\x05broken")
    assert read_settings(tmp_path, tmp_path).order == ("prod",)
