"""What proves a released tag, and what disproves it. Pure: the facts are arguments, every check says what it saw.

The tag's message, the ledger's entry and the tagged bytes must tell one story, and each piece of evidence
that both name must be of this module, of these bytes, and must have let the release through. An evidence id
holds the beginning of its entry's hash, so an edited entry is noticed even where the whole chain behind it
was written again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.domain.evidence import Evidence, judge_suite, short
from pipeline.domain.gate import Allowed
from pipeline.domain.history import History, Release, fold
from pipeline.domain.ledger import Entry
from pipeline.domain.rehearsal import Rehearsal
from pipeline.domain.release import tag_fields
from pipeline.domain.statement import attested_subject, is_payload
from pipeline.domain.trust import ALLOWED_SIGNERS, BEGIN, TAGS, Signers, bare, countable, fingerprint
from pipeline.domain.version import Tag


@dataclass(frozen=True, kw_only=True)
class Bytes:
    """What a tag names now: its commit, and the digests computed from the files of that commit."""

    commit: str
    digest: str
    shipped: str
    tree: str


@dataclass(frozen=True, kw_only=True)
class TagObject:
    """An annotated tag as git keeps it (git-mktag(1)): headers, message, signature; empty for a lightweight one."""

    raw: bytes

    @property
    def signature(self) -> str:
        """Its SSH signature, base64; empty where it has none."""
        return bare(self.raw.decode(errors="replace"))

    @property
    def signed(self) -> bytes:
        """The bytes that the signature is about."""
        return self.raw[: self.raw.find(BEGIN.encode())] if BEGIN.encode() in self.raw else self.raw

    @property
    def headers(self) -> dict[str, str]:
        """`object`, `type`, `tag`, `tagger`."""
        head = self.signed.partition(b"\n\n")[0].decode(errors="replace")
        return {name: value for name, _, value in (line.partition(" ") for line in head.splitlines())}

    @property
    def message(self) -> str:
        """What the person who made it wrote."""
        return self.signed.partition(b"\n\n")[2].decode(errors="replace").strip()


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question and its answer."""

    name: str
    ok: bool
    says: str

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"name": self.name, "ok": self.ok, "says": self.says}


def check_release(entries: Sequence[Entry], tag: Tag) -> tuple[Release | None, Check]:
    """The release of a tag.

    Fails closed: a tag that the ledger does not know was made past the gate.
    """
    release = fold(History(), entries).releases.get((tag.module, tag.version))
    if release is None:
        return None, Check(name="release", ok=False, says=f"the ledger holds no release of {tag.module} {tag.version}")
    if release.tag != tag.text:
        return None, Check(name="release", ok=False, says=f"{tag.module} {tag.version} was released as {release.tag}")
    how = "adopted, untested" if release.adopted else "released"
    return release, Check(name="release", ok=True, says=f"{how} by entry {release.entry} at {release.at}")


def check_bytes(release: Release, found: Bytes) -> tuple[Check, ...]:
    """The tag names the commit that was released, and that commit holds the bytes of the digest."""
    there = found.commit == release.commit
    moved = f"the tag moved: it was released at {release.commit[:12]} and is at {found.commit[:12]}"
    checks = [Check(name="commit", ok=there, says=f"tagged at {found.commit[:12]}" if there else moved)]
    for name, told, real in (("digest", release.digest, found.digest), ("shipped", release.shipped, found.shipped)):
        says = f"the tagged files are {short(real)}" if told == real else _differ("the tagged commit", real, told)
        checks.append(Check(name=name, ok=told == real, says=says))
    return tuple(checks)


def check_message(release: Release, message: str) -> Check:
    """The tag's message says what the ledger says. An adopted tag was written by somebody else: nothing to hold it to.

    Fails closed: a released tag whose message carries no digest is not the tag that the release made.
    """
    told = tag_fields(message)
    if release.adopted and "Digest" not in told:
        return Check(name="message", ok=True, says="adopted: its message carries no digest")
    ledger = {"Digest": release.digest, "Shipped": release.shipped, "Evidence": ", ".join(release.evidence)}
    if release.rehearsal:
        ledger["Rehearsal"] = str(Rehearsal.from_json(release.rehearsal))
    for name, value in ledger.items():
        if told.get(name, "") != value:
            says = f"the tag's message says {name} {told.get(name) or 'nothing'}; entry {release.entry} says {value}"
            return Check(name="message", ok=False, says=says)
    return Check(name="message", ok=True, says="the tag's message and the ledger agree")


def check_tag(tag: TagObject, release: Release, signers: Signers | None) -> Check:
    """The tag's own signature, by somebody who may sign, under this name and on this commit.

    Fails closed where there are signers: an unsigned tag, and a signed one that was made for another name or commit,
    were not made by the release. Without signers a signature is named and proves nothing.
    """
    if signers is None:
        by = f"signed by {fingerprint(tag.signature)}, not held against anything" if tag.signature else "not signed"
        return Check(name="signature", ok=True, says=f"{by}: main has no {ALLOWED_SIGNERS}")
    if not tag.signature:
        return Check(name="signature", ok=False, says=f"the tag is not signed, and there is {signers.where}")
    found = signers.check(tag.signed, tag.signature, TAGS, release.at)
    if found.problem:
        return Check(name="signature", ok=False, says=f"the tag does not count: {found.problem}")
    for header, wanted in (("tag", release.tag), ("object", release.commit)):
        told = tag.headers.get(header, "nothing")
        if told != wanted:
            says = f"the signed tag says {header} {told}, and it stands for {wanted}"
            return Check(name="signature", ok=False, says=says)
    return Check(name="signature", ok=True, says=f"signed by {found.principal} ({found.key})")


def check_evidence(
    entries: Sequence[Entry], release: Release, found: Bytes, signers: Signers | None = None
) -> tuple[Check, ...]:
    """Each piece of evidence exists unedited, is of this module and these bytes, and passed when it was released; with
    signers, one of them signed it.

    Fails closed: a release without evidence was not tested (R1), unless it was adopted, which says so itself.
    """
    if not release.evidence and not release.adopted:
        return (Check(name="evidence", ok=False, says="the release names no evidence"),)
    by_number = {entry.number: entry for entry in entries}
    history = fold(History(), (entry for entry in entries if entry.number < release.entry))
    then = countable(history, release.module, release.digest, found.tree, signers).evidence.values()
    return tuple(_check_one(name, by_number, then, release, found, signers) for name in release.evidence)


def _check_one(
    name: str,
    entries: Mapping[int, Entry],
    then: Iterable[Evidence],
    release: Release,
    found: Bytes,
    signers: Signers | None,
) -> Check:
    entry = entries.get(int(name.partition("-")[0])) if name.partition("-")[0].isdigit() else None
    problem = next(_problems(name, entry, then, release, found, signers), "")
    if problem or entry is None:
        return Check(name=f"evidence {name}", ok=False, says=problem)
    evidence = Evidence.from_body(entry.body, entry.id, entry.at)
    by = f", signed by {signers.judge(evidence).principal}" if signers else ""
    says = f"{evidence.key.suite} {evidence.verdict} on {evidence.key.target}{by}"
    return Check(name=f"evidence {name}", ok=True, says=says)


def _problems(
    name: str,
    entry: Entry | None,
    then: Iterable[Evidence],
    release: Release,
    real: Bytes,
    signers: Signers | None,
) -> Iterator[str]:
    """What is wrong with one piece of evidence; each question makes sense only when the one before was answered."""
    number = name.partition("-")[0]
    if entry is None:
        yield f"the ledger has no entry {number}"
        return
    if entry.id != name:
        yield f"entry {number} was edited: its hash now begins {entry.id.partition('-')[2]}"
    if entry.kind != "evidence":
        yield f"entry {number} is a {entry.kind}, not evidence"
        return
    found = Evidence.from_body(entry.body, entry.id, entry.at)
    if found.module != release.module:
        yield f"entry {number} is evidence of {found.module}, not of {release.module}"
    if found.key.digest != release.digest:
        yield _differ(f"entry {number}", found.key.digest, release.digest)
    if found.tree and found.tree != real.tree:
        yield f"entry {number} is about the git tree {found.tree[:12]}, the tagged files are {real.tree[:12]}"
    if entry.number >= release.entry:
        yield f"entry {number} was written after the release"
    yield from _unsigned(number, entry, found, signers)
    mine = {evidence.key: evidence for evidence in then if evidence.module == release.module}
    decision = judge_suite(found.key, mine, "")
    if not isinstance(decision, Allowed):
        yield " ".join(decision.reasons)


def _unsigned(number: str, entry: Entry, found: Evidence, signers: Signers | None) -> Iterator[str]:
    """Why the entry's signature does not count; also without signers an envelope must be about its own evidence."""
    if found.signature and not is_payload(found, entry.body):
        module, tree = attested_subject(entry.body)
        other = f"{module or 'nothing'} ({tree[:12] or 'no tree'})"
        if (module, tree) == (found.module, found.tree):
            other = "other results"
        yield f"entry {number} is about {found.module} ({found.tree[:12]}), and what was signed is about {other}"
    problem = signers.judge(found).problem if signers else ""
    if problem:
        yield f"entry {number} does not count: {problem}"


def _differ(what: str, real: str, told: str) -> str:
    return f"{what} is about the files {short(real)}, the release about {short(told)}"
