"""What is worked out once is what moto works out each time."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.adapters.emulators.moto import Moto
from pipeline.adapters.emulators.shortcuts import account_of, kept_keys, private_keys_on_demand, tags_of
from tests.emulators.conftest import clients


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


def test_a_key_that_encrypts_gets_its_private_key_when_somebody_signs_with_it() -> None:
    asked: list[str] = []

    def make(key_spec: str) -> Any:
        asked.append(key_spec)
        return SimpleNamespace(sign=lambda message: f"{key_spec} {message}", key_size=2048)

    private_key = private_keys_on_demand(make)
    keys = {spec: private_key(spec) for spec in ("SYMMETRIC_DEFAULT", "RSA_2048", "HMAC_256", "ECC_NIST_P256")}
    assert asked == ["RSA_2048", "ECC_NIST_P256"]
    assert [key.sign("hello") for key in keys.values()] == [f"{spec} hello" for spec in keys]
    assert keys["HMAC_256"].key_size == 2048
    assert sorted(asked) == sorted(keys)
    with pytest.raises(AttributeError):
        _ = keys["HMAC_256"].nothing


def test_keys_of_moto_itself_sign_and_encrypt_as_before(moto: Moto) -> None:
    kms = clients(moto)("kms")
    signs = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    ask = {"KeyId": signs, "Message": b"hello", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
    signature = kms.sign(**ask)["Signature"]
    assert kms.verify(**ask, Signature=signature)["SignatureValid"]
    hides = kms.create_key()["KeyMetadata"]["KeyId"]
    hidden = kms.encrypt(KeyId=hides, Plaintext=b"hello")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=hidden)["Plaintext"] == b"hello"
