"""modferry.toml: every mistake is named with its nearest kin, and the published schema is the real one."""

import json
from pathlib import Path

import pytest

from pipeline.config import parse_settings, read_settings, schema
from pipeline.domain.settings import Settings, duration
from pipeline.errors import UsageError

SCHEMA = Path(__file__).parents[1] / "docs/config.schema.json"


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = read_settings(tmp_path)
    assert settings == Settings()
    assert settings.order == ("dev", "staging", "prod")
    assert settings.test.suites == ("static", "unit", "integration")


def test_every_mistake_is_named_at_once_with_its_nearest_kin() -> None:
    raw = {"tset": {}, "environment": [{"name": "dev", "soack": "1h"}], "test": {"jobs": "many"}}
    with pytest.raises(UsageError) as error:
        parse_settings(raw)
    text = str(error.value)
    assert "3 mistakes" in text
    assert "Unknown key tset (did you mean test?)" in text
    assert "Unknown key environment.0.soack (did you mean soak?)" in text
    assert "test.jobs" in text


def test_broken_toml_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "modferry.toml").write_text("[test\n")
    with pytest.raises(UsageError, match="line 1"):
        read_settings(tmp_path)


def test_two_environments_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="names an environment twice"):
        parse_settings({"environment": [{"name": "dev"}, {"name": "dev"}]})


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172800), ("0", 0)])
def test_lengths_of_time(text: str, seconds: int) -> None:
    assert duration(text).total_seconds() == seconds


def test_a_wrong_length_of_time_is_named() -> None:
    with pytest.raises(UsageError, match="'1 week' is not a length of time"):
        parse_settings({"environment": [{"name": "dev", "soak": "1 week"}]})


def test_the_published_schema_is_current() -> None:
    """Renew it with: python -m tests.test_settings."""
    assert json.loads(SCHEMA.read_text()) == schema()


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(schema(), indent=2) + "\n")
