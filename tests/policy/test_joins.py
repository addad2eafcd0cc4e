"""What belongs together: by known names, by the instance that an expression picks; else could not find out."""

import pytest

from pipeline.domain.policy.joins import points_at
from pipeline.domain.policy.planned import Planned
from tests.policy.plans import Json, plan, planned, ref, written

LATER = {"bucket": True}


def answers(source: Json, expression: Json, *targets: Json, over: Json | None = None) -> list[bool | None]:
    """Whether `aws_x.this` points at each of the buckets."""
    config = written("aws_x.this", bucket=expression) | ({"for_each_expression": over} if over else {})
    view = Planned.of(plan([source, *targets], [config, written("aws_s3_bucket.this")]))
    (one,) = view.of_type("aws_x")
    return [points_at(view, one, "bucket", bucket) for bucket in view.of_type("aws_s3_bucket")]


def source(index: str | int | None = None, **after: str) -> Json:
    return planned("aws_x.this", after, unknown={} if after else LATER, index=index)


def bucket(index: str | int | None = None, **after: str) -> Json:
    return planned("aws_s3_bucket.this", after, unknown={} if "id" in after else {"id": True}, index=index)


A, B = bucket("a"), bucket("b")


@pytest.mark.parametrize(
    ("picked", "expected"),
    [
        (ref('aws_s3_bucket.this["b"].id', 'aws_s3_bucket.this["b"]', "aws_s3_bucket.this"), [False, True]),
        (ref("aws_s3_bucket.this", "each.key"), [True, False]),
        (ref("aws_s3_bucket.this", "each.value.bucket", "each.value"), [None, None]),
        (ref("aws_s3_bucket.this"), [None, None]),
        (ref("local.bucket"), [None, None]),
        (ref("aws_s3_bucket.other.id", "aws_s3_bucket.other"), [False, False]),
        ({"constant_value": "x"}, [False, False]),
    ],
)
def test_which_instance(picked: Json, expected: list[bool | None]) -> None:
    assert answers(source("a"), picked, A, B) == expected


def test_each_value_of_a_chained_for_each_is_the_same_instance() -> None:
    over = ref("aws_s3_bucket.this")
    assert answers(source("a"), ref("each.value.id", "each.value"), A, B, over=over) == [True, False]


def test_the_only_instance_needs_no_key() -> None:
    assert answers(source(), ref("aws_s3_bucket.this"), bucket(0)) == [True]
    assert answers(source(), ref("aws_s3_bucket.this.id", "aws_s3_bucket.this"), bucket()) == [True]


def test_known_names_decide_whatever_the_configuration_says() -> None:
    targets = bucket("a", id="one", bucket="one"), bucket("b", id="two", bucket="two")
    assert answers(source(bucket="two"), ref("local.bucket"), *targets) == [False, True]


def test_without_a_configuration_nothing_is_known() -> None:
    document = plan([source(), bucket()], [])
    del document["configuration"]
    view = Planned.of(document)
    (one,), (target,) = view.of_type("aws_x"), view.of_type("aws_s3_bucket")
    assert points_at(view, one, "bucket", target) is None
