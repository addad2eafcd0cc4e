"""What is worked out once is what moto works out each time."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.adapters.emulators.shortcuts import account_of, kept_keys, tags_of


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


@pytest.fixture
def fresh_picker(monkeypatch: pytest.MonkeyPatch) -> Any:
    """moto's own way to find names, while the kept one is in its place."""
    from moto.core.serialize import XFormedAttributePicker

    own = XFormedAttributePicker.get_possible_keys
    monkeypatch.setattr(XFormedAttributePicker, "get_possible_keys", kept_keys(own))
    return own


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


def test_a_member_is_looked_for_under_the_names_that_moto_tries(fresh_picker: Any) -> None:
    from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
    from moto.core.utils import get_service_model

    class Vpc:
        class Meta:
            serialization_aliases = {"VpcId": "id"}  # noqa: RUF012 - as moto's models have it

    class Listener:
        pass

    asked = 0
    things: tuple[Any, ...] = (Vpc(), Listener(), {}, None)
    for service, operations in (("ec2", ("DescribeVpcs", "DescribeSubnets")), ("elbv2", ("DescribeListeners",))):
        for operation in operations:
            todo = [get_service_model(service).operation_model(operation).output_shape]
            while todo:
                shape = todo.pop()
                for key, member in getattr(shape, "members", {}).items():
                    for thing in things:
                        context = AttributePickerContext(obj=thing, key=key, shape=member)
                        names = list(fresh_picker(XFormedAttributePicker(), context))
                        for _ in range(2):
                            assert list(XFormedAttributePicker().get_possible_keys(context)) == names
                        asked += 1
                    todo.append(getattr(member, "member", member))
    assert asked > 300
