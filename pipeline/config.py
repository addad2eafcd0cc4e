"""modferry.toml → frozen Settings. Every mistake is named with its path; an unknown key with its nearest kin.

pydantic checks the file; without a file there is nothing to check and it is not even imported. That import
costs 0.15 s, half of a `status`, so a file that was found good is remembered by its bytes. What only a file
or a mistake in it needs is imported there (pickle, hashlib, tomllib, difflib: 0.04 s of every command).
"""

import contextlib
import dataclasses
import os
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.domain import settings as settings_code
from pipeline.domain.settings import Environment, Settings, duration
from pipeline.errors import UsageError

FILE = "modferry.toml"


def read_settings(root: Path, cache: Path | None = None) -> Settings:
    """The settings of the repository at `root`; the defaults where it has no modferry.toml.

    `cache`: a folder of ours that keeps the settings of a file found good, until its bytes or our code change.
    """
    path = root / FILE
    if not path.exists():
        return Settings()
    data = path.read_bytes()
    known = _read_cache(cache, data)
    if known is None:
        known = parse_settings(_read_toml(data))
        _write_cache(cache, data, known)
    return known


def _read_toml(data: bytes) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{FILE} is not valid TOML: {error}.", remedy=f"mend {FILE} at the place it names") from error


def _cache_key(data: bytes) -> str:
    """Equal for equal bytes, read by the same code."""
    from hashlib import sha256

    code = Path(settings_code.__file__).stat()
    return sha256(f"{__version__} {code.st_mtime_ns} {code.st_size} ".encode() + data).hexdigest()


def _read_cache(cache: Path | None, data: bytes) -> Settings | None:
    if cache is None:
        return None
    import pickle

    try:
        key, known = pickle.loads((cache / "settings.pickle").read_bytes())  # noqa: S301 - our own file inside .git
    except Exception:  # noqa: BLE001 - a disposable cache: unreadable means absent
        return None
    return known if key == _cache_key(data) and isinstance(known, Settings) else None


def _write_cache(cache: Path | None, data: bytes, settings: Settings) -> None:
    if cache is None:
        return
    import pickle

    draft = cache / f"settings.{os.getpid()}"
    with contextlib.suppress(OSError):  # a full disk must not stop a reader
        cache.mkdir(exist_ok=True)
        draft.write_bytes(pickle.dumps((_cache_key(data), settings), protocol=5))
        draft.replace(cache / "settings.pickle")


def parse_settings(raw: dict[str, Any]) -> Settings:
    """Check and convert; raises UsageError listing every mistake at once."""
    from pydantic import TypeAdapter, ValidationError

    try:
        settings = TypeAdapter(Settings).validate_python(raw)
    except ValidationError as error:
        mistakes = [_say(e["type"], e["loc"], e["msg"], e.get("input")) for e in error.errors()]
        raise UsageError(
            f"{FILE} has {len(mistakes)} mistake{'s' * (len(mistakes) > 1)}: " + " ".join(mistakes),
            remedy=f"mend {FILE}; docs/config.schema.json describes every key",
        ) from error
    names = settings.order
    if len(set(names)) != len(names):
        raise UsageError(f"{FILE} names an environment twice: {', '.join(names)}.", remedy=f"mend {FILE}")
    for environment in settings.environment:
        _check_environment(environment)
    for policy in settings.convergence:
        settings.in_environment(policy.environment)
        duration(policy.within)
    for notify in settings.notify:
        for name in notify.environments:
            settings.in_environment(name)
    for noise in settings.noise:
        if noise.environment:
            settings.in_environment(noise.environment)
        if not (noise.address and noise.reason and noise.attributes and all(noise.attributes)):
            raise UsageError(
                f"A noise rule in {FILE} lacks its address, attributes or reason.",
                remedy='address = "aws_x.*", attributes = ["tags"], reason = "…"; attributes = ["*"] for all of them',
            )
    return settings


def _check_environment(environment: Environment) -> None:
    checks = [text for c in environment.checks for text in (c.interval, c.latency, c.timeout)]
    for text in (environment.soak, environment.rollback_age, *checks):
        duration(text)
    if environment.freeze or environment.windows:
        from pipeline.domain.promotion.calendar import Calendar

        Calendar.of(environment)
    _check_pool(environment.name, environment.pool)


def _check_pool(environment: str, pool: str) -> None:
    import ipaddress

    try:
        if pool:
            ipaddress.IPv4Network(pool)
    except ValueError as error:
        raise UsageError(f"The pool of {environment} is no address block: {error}.", remedy=f"mend {FILE}") from error


def schema() -> dict[str, Any]:
    """The JSON Schema of modferry.toml, for editors."""
    from pydantic import TypeAdapter

    return TypeAdapter(Settings).json_schema()


def _say(kind: str, where: tuple[int | str, ...], message: str, value: object) -> str:
    path = ".".join(str(part) for part in where)
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        import difflib

        near = difflib.get_close_matches(str(where[-1]), _known_keys(where), n=1)
        return f"Unknown key {path}" + (f" (did you mean {near[0]}?)." if near else ".")
    shown = f" (it is {value!r})" if isinstance(value, str | int | bool) else ""
    return f"{path}: {message}{shown}."


def _known_keys(where: tuple[int | str, ...]) -> list[str]:
    """The keys valid beside the last part of a path."""
    kind: Any = Settings
    for part in where[:-1]:
        if isinstance(part, int):
            continue
        found = {f.name: f.type for f in dataclasses.fields(kind)}.get(str(part))
        kind = _bare(found)
        if not dataclasses.is_dataclass(kind):
            return []
    return [f.name for f in dataclasses.fields(kind)]


def _bare(kind: Any) -> Any:
    """`tuple[X, ...]` → X."""
    return kind.__args__[0] if hasattr(kind, "__args__") else kind
