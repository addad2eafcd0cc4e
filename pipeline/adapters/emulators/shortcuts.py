"""What moto works out at each request though it need not: worked out once, or not at all.

Promise: no answer changes. `take` comes after the corrections, which give classes new methods.
"""

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


def take() -> None:
    """Safe on a stock moto too."""
    from flask import debughelpers
    from moto.core import responses, serialize, utils
    from moto.ec2.models.core import TaggedEC2Resource
    from moto.iam import models
    from moto.kms import models as kms

    # Lists all methods of a service's class, three hundred for EC2, to look up one: half of a small EC2 request.
    responses.method_names_from_class = functools.cache(utils.method_names_from_class)  # type: ignore[attr-defined]
    # Goes letter by letter through the name of the operation.
    responses.camelcase_to_underscores = functools.cache(utils.camelcase_to_underscores)  # type: ignore[attr-defined]

    def no_hint(request: Any) -> None:
        """Flask makes a class for each request, so that code that looks for a form's missing file is told why."""

    debughelpers.attach_enctype_error_multidict = no_hint
    models.get_account_id_from = account_of
    kms.generate_private_key = private_keys_on_demand(kms.generate_private_key)  # type: ignore[attr-defined,assignment]
    serialize.XFormedAttributePicker.get_possible_keys = kept_keys(  # type: ignore[method-assign]
        serialize.XFormedAttributePicker.get_possible_keys
    )
    TaggedEC2Resource.get_tags = tags_of  # type: ignore[assignment]


def private_keys_on_demand(make: Callable[[str], Any]) -> Callable[[str], Any]:
    """Keys that encrypt get a private key of 2,048 bits from moto, which nothing ever asks for: 50 ms a key, also for
    the one that an account's first volume is encrypted with."""

    def private_key(key_spec: str) -> Any:
        return make(key_spec) if key_spec.startswith(("RSA", "ECC", "SM2")) else OnDemand(lambda: make(key_spec))

    return private_key


class OnDemand:
    """Something that is made when it is first used."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._made = functools.cache(make)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made(), name)


def account_of(access_key: str) -> str:
    """The account of an access key. moto's own asks all six partitions of each account, and so makes six copies of
    IAM with its 1,500 policies for each: 40 ms an account. A partition that nobody has used has no keys."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.iam.models import iam_backends

    for account, partitions in list(iam_backends.items()):  # lists, because other threads add to them
        for backend in list(partitions.values()):
            if access_key in backend.access_keys:
                return account
    return DEFAULT_ACCOUNT_ID


def tags_of(resource: Any) -> list[dict[str, str]]:
    """The tags of something in EC2. moto's own compiles a pattern from its id and tries it on all that has tags, once
    for each thing that is described: a tenth of its time."""
    from moto.ec2.models.tags import TagBackend

    identity = resource.id or ""
    if any(sign in identity for sign in "*?["):
        return list(resource.ec2_backend.describe_tags(filters={"resource-id": [identity]}))
    alone: Any = SimpleNamespace(tags={identity: resource.ec2_backend.tags.get(identity, {})})
    return list(TagBackend.describe_tags(alone))


def kept_keys(names: Any) -> Any:
    """Under which names a member of an answer may be found in an object, by the object's class. moto's own makes six
    objects to find them, for each member of each thing that is described: a sixth of its time."""
    kept: dict[tuple[type, int, str], tuple[Any, tuple[str, ...]]] = {}

    def get_possible_keys(picker: Any, context: Any) -> tuple[str, ...]:
        key = (type(context.obj), id(context.shape), context.key)
        found = kept.get(key)
        if found is None:
            found = kept[key] = (context.shape, tuple(names(picker, context)))  # the shape stays, and so its id
        return found[1]

    return get_possible_keys


def of_hosts(application: Any) -> None:
    """It lists moto's folder and tries four hundred patterns at each request, twice: a sixth of its time."""
    application.get_backend_for_host = functools.cache(application.get_backend_for_host)
