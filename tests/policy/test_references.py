"""The trail of a value: through variables, outputs and for_each; lost at locals, which a plan does not show."""

from pipeline.domain.policy.references import Configuration, Origin, mentions, without_indexes
from tests.policy.plans import ref, written

CONFIGURATION = Configuration.of(
    {
        "root_module": {
            "resources": [written("aws_vpc.this"), written("aws_subnet.this")],
            "outputs": {"id": {"expression": ref("module.net.vpc", "module.net")}},
            "module_calls": {
                "net": {
                    "for_each_expression": ref("aws_subnet.this"),
                    "expressions": {
                        "vpc": ref('aws_vpc.this["a.b"].id', 'aws_vpc.this["a.b"]', "aws_vpc.this"),
                        "each": ref("each.value"),
                    },
                    "module": {
                        "resources": [written("aws_lb.this"), written("aws_x.data", mode="data")],
                        "outputs": {"vpc": {"expression": ref("var.vpc")}},
                    },
                }
            },
        }
    }
)
NET = ("net",)


def test_a_resource_of_the_same_module() -> None:
    trace = CONFIGURATION.trace(NET, ref("aws_lb.this.arn", "aws_lb.this"))
    assert trace.origins == {Origin(module=NET, name="aws_lb.this")}


def test_a_variable_leads_to_the_caller_with_its_instance_key() -> None:
    trace = CONFIGURATION.trace(NET, ref("var.vpc"))
    assert trace.origins == {Origin(module=(), name="aws_vpc.this", key='"a.b"')}


def test_an_output_leads_into_the_module_and_back() -> None:
    trace = CONFIGURATION.trace((), ref('module.net["x"].vpc', 'module.net["x"]', "module.net"))
    assert trace.origins == {Origin(module=(), name="aws_vpc.this", key='"a.b"')}
    assert not trace.lost


def test_each_leads_to_the_for_each_of_the_call() -> None:
    assert CONFIGURATION.trace(NET, ref("var.each")).origins == {Origin(module=(), name="aws_subnet.this")}


def test_each_leads_to_the_for_each_of_the_resource() -> None:
    within = {"for_each_expression": ref("aws_vpc.this")}
    origin = Origin(module=(), name="aws_vpc.this", same_key=True)
    assert CONFIGURATION.trace((), ref("each.value.id", "each.value"), within=within).origins == {origin}


def test_what_picks_an_instance_is_no_origin_of_its_own() -> None:
    """`aws_vpc.this[each.key].id` is listed as `aws_vpc.this` and `each.key`."""
    within = {"for_each_expression": ref("local.vpcs")}
    for pick, same_key in (("each.key", True), ("count.index", True), ("each.value.vpc", False)):
        trace = CONFIGURATION.trace((), ref("aws_vpc.this", pick), within=within)
        assert trace.origins == {Origin(module=(), name="aws_vpc.this", same_key=same_key)}
        assert not trace.lost
    assert CONFIGURATION.trace((), ref("aws_vpc.this.id", "each.value.vpc"), within=within).lost == {"local.vpcs"}
    assert CONFIGURATION.trace((), ref("aws_vpc.this", "local.key")).lost == {"local.key"}


def test_locals_whole_modules_and_missing_outputs_are_lost() -> None:
    for reference in ("local.x", "module.net", "module.net.absent"):
        assert CONFIGURATION.trace((), ref(reference)).lost == {reference}


def test_what_is_no_resource_leads_nowhere_and_loses_nothing() -> None:
    trace = CONFIGURATION.trace((), ref("count.index", "path.module", "terraform.workspace", "var.top"))
    assert not trace.origins
    assert not trace.lost


def test_a_data_source_keeps_its_prefix() -> None:
    trace = CONFIGURATION.trace(NET, ref("data.aws_x.data.json", "data.aws_x.data"))
    assert trace.origins == {Origin(module=NET, name="data.aws_x.data")}


def test_a_circle_ends() -> None:
    circle = Configuration.of(
        {
            "root_module": {
                "module_calls": {
                    "a": {
                        "expressions": {"in": ref("module.a.out")},
                        "module": {"outputs": {"out": {"expression": ref("var.in")}}},
                    }
                }
            }
        }
    )
    assert circle.trace((), ref("module.a.out")).origins == frozenset()


def test_mentions_are_found_in_nested_blocks() -> None:
    assert mentions([{"a": ref("x.y")}, {"b": [{"c": ref("z.w")}]}, {"d": {"constant_value": 1}}]) == ("x.y", "z.w")


def test_instance_keys_may_hold_dots_brackets_and_quotes() -> None:
    assert without_indexes('module.a["x.y]\\"["].aws_vpc.this[0]') == "module.a.aws_vpc.this"
