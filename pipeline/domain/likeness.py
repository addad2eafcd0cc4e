"""One stack's files as a template for another: its name, region and address block become places to fill in.

Promise: only what stands for *where and which* a stack is becomes a place. Bytes outside of quoted strings stay, and
in the backend block nothing but the state's key does: the bucket and its region belong to the environment. The
result is a jinja2 template; what happens to look like jinja2 in the original is kept as it is.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.errors import RefusedError, UsageError

_CIDR = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}/\d{1,2}(?!\d)")
_REGION = re.compile(r'^\s*region\s*=\s*"([a-z]{2}(?:-[a-z]+)+-\d)"', re.MULTILINE)
_BACKEND = re.compile(r'backend\s+"[^"]+"\s*\{[^{}]*\}')
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_NAME = re.compile(r"[a-z][a-z0-9-]{0,61}[a-z0-9]")

RESERVED = ("verify", "template")


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What makes a stack this one: `region` and `cidr` are empty where its files do not say."""

    environment: str
    stack: str
    region: str = ""
    cidr: str = ""

    def values(self) -> dict[str, str]:
        """As a template is given them."""
        return {"environment": self.environment, "stack": self.stack, "region": self.region, "cidr": self.cidr}


def check_name(stack: str) -> None:
    """Raises UsageError for a name that no stack may have."""
    if stack in RESERVED or not _NAME.fullmatch(stack):
        why = "is reserved" if stack in RESERVED else "is no name for a stack"
        raise UsageError(
            f"{stack!r} {why}.", remedy="use lower-case letters, digits and dashes, a letter first: eu-central-1"
        )


def likeness_of(environment: str, stack: str, files: Mapping[str, str], pool: str) -> Likeness:
    """What a stack's files (name → text) say about where it is. The block is the widest one inside of the pool."""
    outside = [_BACKEND.sub("", text) for name, text in sorted(files.items()) if name.endswith(".tf")]
    regions = [found for text in outside for found in _REGION.findall(text)]
    blocks = [block for text in outside for block in blocks_in(text) if not pool or _within(block, pool)]
    widest = min(blocks, key=lambda block: block.prefixlen, default=None)
    region = regions[0] if regions else ""
    return Likeness(environment=environment, stack=stack, region=region, cidr=str(widest or ""))


def blocks_in(text: str) -> list[ipaddress.IPv4Network]:
    """The private IPv4 address blocks that a text names; what is no block is left out."""
    found = []
    for match in _CIDR.finditer(text):
        try:
            block = ipaddress.IPv4Network(match[0])
        except ValueError:
            continue
        if block.is_private and block.prefixlen:
            found.append(block)
    return found


def free_block(pool: str, length: int, taken: Iterable[ipaddress.IPv4Network]) -> str:
    """The first block of this prefix length in the pool that overlaps none; raises RefusedError when it is full."""
    whole = ipaddress.IPv4Network(pool)
    used = [block for block in taken if block.overlaps(whole)]
    if length >= whole.prefixlen:
        for block in whole.subnets(new_prefix=length):
            if not any(block.overlaps(other) for other in used):
                return str(block)
    raise RefusedError(
        f"The pool {pool} has no free /{length}: {len(used)} blocks of it are used.",
        remedy="widen the environment's pool in modferry.toml, or give --set cidr=…",
    )


def as_template(text: str, like: Likeness) -> str:
    """A file of the stack as a jinja2 template; filled in with the stack's own values it is the same bytes."""
    places = _places(like)
    if not places:
        return _literal(text)
    pattern = re.compile("|".join(f"(?P<g{number}>{words})" for number, (words, _) in enumerate(places)))
    key_only = [(match.start(), match.end()) for match in _BACKEND.finditer(text)]
    out, at = [], 0
    for string in _STRING.finditer(text):
        spared = any(start <= string.start() < end for start, end in key_only)
        if spared and not re.search(r"\bkey\s*=\s*$", text[: string.start()]):
            continue
        for found in pattern.finditer(text, string.start(), string.end()):
            assert found.lastgroup is not None
            out += [_literal(text[at : found.start()]), places[int(found.lastgroup[1:])][1]]
            at = found.end()
    return "".join([*out, _literal(text[at:])])


def _places(like: Likeness) -> list[tuple[str, str]]:
    """Regular expression → what takes its place, the most telling first."""
    both, name = re.escape(f"{like.environment}/{like.stack}"), re.escape(like.stack)
    places = []
    if like.cidr:
        places.append((rf"(?<![\d.]){re.escape(like.cidr)}(?!\d)", "{{ cidr }}"))
    places.append((rf"(?<![\w-]){both}(?![\w-])", "{{ environment }}/{{ stack }}"))
    places.append((rf"(?<![\w-]){re.escape(like.environment)}-{name}(?![\w-])", "{{ environment }}-{{ stack }}"))
    if like.region:  # also in the name of a zone: us-east-1a
        places.append((rf"(?<![\w-]){re.escape(like.region)}(?=[a-z]?(?![\w-]))", "{{ region }}"))
    if like.stack != like.region:
        places.append((rf"(?<![\w-]){name}(?![\w-])", "{{ stack }}"))
    return places


def _literal(text: str) -> str:
    """Text that jinja2 gives back as it is."""
    return f"{{% raw %}}{text}{{% endraw %}}" if re.search(r"\{[{%#]", text) else text


def _within(block: ipaddress.IPv4Network, pool: str) -> bool:
    return block.subnet_of(ipaddress.IPv4Network(pool))
