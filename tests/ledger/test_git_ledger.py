"""The ledger's branch: races, rewrites, edits, pending entries. Real git, several runs in a row."""

import json
import threading
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger, PushRejectedError
from pipeline.domain.history import History
from pipeline.domain.ledger import Draft
from pipeline.errors import RefusedError
from tests.conftest import NOW, MakeRepository, git, second_clone


def ledger(where: Path, actor: str = "ann") -> GitLedger:
    return GitLedger(GitRepository(where), lambda: NOW, actor)


def yank(version: str) -> Draft:
    return Draft(kind="yank", body={"module": "vpc", "version": version, "reason": "bad"})


def evidence(suite: str) -> Draft:
    body = {"module": "vpc", "digest": "sha256:1", "suite": suite, "target": "moto", "verdict": "passed"}
    return Draft(kind="evidence", body={**body, "counts": {"passed": 1}, "seconds": 1.0})


def numbers(where: Path) -> list[int]:
    found = GitLedger(GitRepository(where), lambda: NOW, "x")
    tip = found.tip()
    return [e.number for e in found.entries(None, tip)] if tip else []


def test_entries_are_numbered_chained_and_seen_by_another_clone(make_repository: MakeRepository) -> None:
    clone = make_repository({"a": "1"})
    ledger(clone).append(lambda _: [yank("1.0.0"), yank("1.1.0")], push=True)
    other = second_clone(clone)
    theirs = ledger(other, "bob")
    theirs.fetch()
    assert [str(v) for _, v in theirs.history().yanks] == ["1.0.0", "1.1.0"]
    theirs.append(lambda _: [yank("1.2.0")], push=True)
    mine = ledger(clone)
    mine.fetch()
    assert len(mine.history().yanks) == 3
    assert numbers(clone) == [1, 2, 3]


def test_a_lost_race_decides_again_on_the_newest_history(make_repository: MakeRepository) -> None:
    clone = make_repository({"a": "1"})
    ledger(clone).append(lambda _: [yank("1.0.0")], push=True)
    other = second_clone(clone)
    seen: list[int] = []

    def decide(history: History) -> list[Draft]:
        seen.append(len(history.yanks))
        if len(seen) == 1:  # somebody else writes between our decision and our push
            ledger(clone).append(lambda _: [yank("1.1.0")], push=True)
        return [yank(f"2.{len(history.yanks)}.0")]

    ledger(other, "bob").append(decide, push=True)
    assert seen == [1, 2]
    assert numbers(other) == [1, 2, 3]


def test_ten_writers_at_once_leave_no_gap_and_lose_nothing(make_repository: MakeRepository) -> None:
    clone = make_repository({"a": "1"})
    clones = [second_clone(clone, f"c{i}") for i in range(5)]
    failures: list[BaseException] = []

    def work(where: Path, n: int) -> None:
        try:
            for i in range(2):
                ledger(where, f"w{n}").append(lambda _, i=i: [yank(f"{n}.{i}.0")], push=True)  # type: ignore[misc]
        except BaseException as error:  # noqa: BLE001 - reported below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(c, n)) for n, c in enumerate([*clones, *clones])]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures
    ledger(clone).fetch()
    assert numbers(clone) == list(range(1, 21))
    assert len(ledger(clone).history().yanks) == 20


def test_evidence_of_a_laptop_waits_and_is_appended_again_behind_origins(make_repository: MakeRepository) -> None:
    clone = make_repository({"a": "1"})
    other = second_clone(clone)
    ledger(clone).append(lambda _: [evidence("unit")], push=False)
    assert [e.kind for e in ledger(clone).pending()] == ["evidence"]
    ledger(other, "bob").append(lambda _: [yank("1.0.0")], push=True)
    ledger(clone).append(lambda _: [yank("1.1.0")], push=True)
    entries = ledger(clone).entries(None, ledger(clone).tip() or "")
    assert [e.kind for e in entries] == ["yank", "evidence", "yank"]
    assert ledger(clone).pending() == ()


def test_an_edited_entry_is_refused_by_name(make_repository: MakeRepository) -> None:
    clone = make_repository({"a": "1"})
    ledger(clone).append(lambda _: [yank("1.0.0"), yank("1.1.0")], push=True)
    assert len(ledger(clone).history().yanks) == 2
    path = git(clone, "ls-tree", "-r", "--name-only", "modferry-ledger").splitlines()[0]
    entry = json.loads(git(clone, "show", f"modferry-ledger:{path}"))
    entry["body"]["reason"] = "another reason"
    text = json.dumps(entry, sort_keys=True, separators=(",", ":")) + "\n"
    repo = GitRepository(clone)
    changed = repo.commit_files(repo.resolve("modferry-ledger"), {path: text.encode()}, "tidy")
    repo.update_ref("refs/heads/modferry-ledger", changed, repo.resolve("modferry-ledger"))
    with pytest.raises(RefusedError, match="was changed after it was written"):
        ledger(clone).history()
    (clone / ".git/modferry/replay.pickle").unlink()
    with pytest.raises(RefusedError, match=r"chain breaks at .*00000002"):
        ledger(clone).history()


def test_a_rewritten_origin_is_refused(make_repository: MakeRepository) -> None:
    clone = make_repository({"a": "1"})
    ledger(clone).append(lambda _: [yank("1.0.0")], push=True)
    other = second_clone(clone)
    ledger(other, "bob").fetch()
    git(clone, "branch", "-D", "modferry-ledger")
    git(clone, "push", "-q", "origin", ":modferry-ledger")
    git(clone, "update-ref", "-d", "refs/modferry/origin/ledger")
    ledger(clone).append(lambda _: [yank("9.0.0")], push=True)
    with pytest.raises(RefusedError, match="was rewritten"):
        ledger(other, "bob").fetch()


def test_a_hook_that_refuses_is_said_and_nothing_stays(make_repository: MakeRepository) -> None:
    clone = make_repository({"a": "1"})
    hook = clone.parent / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'branch is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PushRejectedError, match="nothing of it stays"):
        ledger(clone).append(lambda _: [yank("1.0.0")], push=True)
    assert ledger(clone).tip() is None


def test_without_a_remote_the_local_branch_is_the_ledger(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "feat: begin")
    ledger(tmp_path).append(lambda _: [yank("1.0.0")], push=True)
    ledger(tmp_path).append(lambda _: [yank("1.1.0")], push=True)
    assert numbers(tmp_path) == [1, 2]
    assert ledger(tmp_path).pending() == ()


def test_the_cached_replay_equals_a_fresh_one(make_repository: MakeRepository) -> None:
    clone = make_repository({"a": "1"})
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        ledger(clone).append(lambda _, v=version: [yank(v), evidence("unit")], push=True)  # type: ignore[misc]
        cached = ledger(clone).history()
        (clone / ".git/modferry/replay.pickle").unlink()
        assert ledger(clone).history() == cached


def test_a_no_that_rests_on_an_old_history_is_decided_again(make_repository: MakeRepository) -> None:
    """A run that fetched once writes on what it knows; its refusals and its "nothing to do" are looked at afresh."""
    clone = make_repository({"a": "1"})
    mine, theirs = ledger(clone), ledger(second_clone(clone), "bob")
    mine.append(lambda _: [yank("1.0.0")], push=True)
    theirs.append(lambda _: [yank("1.1.0")], push=True)

    def insist(history: History) -> list[Draft]:
        if len(history.yanks) < 2:
            raise RefusedError("too early")
        return [yank("1.2.0")]

    assert [entry.number for entry in mine.append(insist, push=True)] == [3]
    theirs.append(lambda _: [yank("1.3.0")], push=True)
    assert [e.number for e in mine.append(lambda h: [yank("1.4.0")] if len(h.yanks) > 3 else [], push=True)] == [5]
    with pytest.raises(RefusedError, match="no"):
        mine.append(refuse, push=True)


def refuse(_: History) -> list[Draft]:
    raise RefusedError("no")


def test_a_history_that_was_handed_out_stays_as_it_was(make_repository: MakeRepository) -> None:
    mine = ledger(make_repository({"a": "1"}))
    mine.append(lambda _: [yank("1.0.0")], push=True)
    before = mine.history()
    mine.append(lambda _: [yank("1.1.0")], push=True)
    assert (len(before.yanks), len(mine.history().yanks)) == (1, 2)
    assert before.last and before.last.number == 1


def test_a_second_append_asks_git_only_to_push_and_to_move_the_refs(
    make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = ledger(make_repository({"a": "1"}))
    mine.append(lambda _: [yank("1.0.0")], push=True)
    mine.append(lambda _: [yank("1.1.0")], push=True)
    asked: list[str] = []
    real = mine.repository.git

    def watched(*arguments: str, **more: object) -> str:
        asked.append(arguments[0])
        return real(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(mine.repository, "git", watched)
    mine.append(lambda _: [yank("1.2.0")], push=True)
    assert len(mine.history().yanks) == 3
    assert asked == ["push", "update-ref"]
