"""What is worked out once is what moto works out each time."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.adapters.emulators.shortcuts import account_of, tags_of


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Backends of IAM by account and partition, made when they are asked for, as moto's are."""
    from moto.iam import models

    made: dict[str, dict[str, Any]] = {
        name: defaultdict(lambda: SimpleNamespace(access_keys={})) for name in ("111111111111", "222222222222")
    }
    made["111111111111"]["aws"].access_keys["ONE"] = object()
    made["222222222222"]["aws"].access_keys["TWO"] = object()
    made["222222222222"]["aws-cn"].access_keys["CHINA"] = object()
    monkeypatch.setattr(models, "iam_backends", made)
    return made


@pytest.mark.parametrize("key", ["ONE", "TWO", "CHINA", "nobody's"])
def test_a_key_is_found_where_moto_finds_it(accounts: dict[str, dict[str, Any]], key: str) -> None:
    from moto.iam.models import get_account_id_from

    found = account_of(key)
    assert [len(partitions) for partitions in accounts.values()] == [1, 2], "nothing was made by looking"
    assert found == get_account_id_from(key)


@pytest.mark.parametrize("identity", ["vpc-1", "vpc-11", "vpc-2", "vpc-3", "vpc-*", "vpc-?", "vpc-[1]", "", None])
def test_the_tags_of_a_thing_are_those_that_moto_finds(identity: str | None) -> None:
    from moto.ec2.models.core import TaggedEC2Resource
    from moto.ec2.models.tags import TagBackend

    backend = TagBackend()
    backend.create_tags(["vpc-1", "vpc-11", "vpc-*"], {"Name": "one", "b": ""})
    backend.create_tags(["vpc-2"], {"Name": "two"})
    resource: Any = SimpleNamespace(id=identity, ec2_backend=backend)
    assert tags_of(resource) == TaggedEC2Resource.get_tags(resource)
    assert len(backend.tags) == 4
