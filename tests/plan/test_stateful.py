"""R6: what holds data is named before it is lost."""

import pytest

from pipeline.domain.plan import summarise
from pipeline.domain.plan_changes import Action
from pipeline.domain.stateful import STATEFUL, stateful_losses, what_it_holds
from tests.plan.plans import changed, plan, recorded

DB = "module.x.aws_db_instance.main"


def test_a_replacement_names_the_address_the_reason_and_what_is_lost() -> None:
    row = changed(DB, ["delete", "create"], {"engine": "a"}, {"engine": "b"}, replace_paths=[["engine"], ["a", 0, "b"]])
    (loss,) = stateful_losses(plan(row))
    assert (loss.address, loss.action, loss.forced_by) == (DB, Action.REPLACE, ("engine", "a[0].b"))
    assert str(loss) == f"replace of {DB}, forced by engine, a[0].b: the database would be lost."


@pytest.mark.parametrize(
    ("actions", "losses"),
    [
        (["delete"], 1),
        (["delete", "create"], 1),
        (["create", "delete"], 1),
        (["create", "forget"], 1),
        (["create"], 0),
        (["update"], 0),
        (["forget"], 0),
        (["no-op"], 0),
    ],
)
def test_which_actions_lose(actions: list[str], losses: int) -> None:
    assert len(stateful_losses(plan(changed(DB, actions, {}, {})))) == losses


def test_a_move_loses_nothing() -> None:
    assert stateful_losses(plan(changed(DB, ["no-op"], {}, {}, previous_address="aws_db_instance.old"))) == ()


def test_a_deposed_leftover_is_the_old_data() -> None:
    (loss,) = stateful_losses(plan(changed(DB, ["delete"], {}, None, deposed="0a1b2c3d")))
    assert loss.address == f"{DB} (deposed 0a1b2c3d)"


@pytest.mark.parametrize(
    "kind",
    [
        *(kind for kind in STATEFUL if "*" not in kind),
        "aws_fsx_lustre_file_system",
        "aws_fsx_ontap_volume",
        "aws_kms_key",
        "aws_kms_external_key",
        "aws_kms_replica_key",
    ],
)
def test_every_row_of_the_table(kind: str) -> None:
    losses = stateful_losses(plan(changed(f"{kind}.this", ["delete"], {}, None)))
    assert [loss.type for loss in losses] == [kind]


@pytest.mark.parametrize("kind", ["aws_instance", "aws_lb", "aws_s3_bucket_policy", "aws_kms_alias", "aws_eks_addon"])
def test_what_is_made_again_from_code(kind: str) -> None:
    assert what_it_holds(kind) == ""


def test_configuration_adds_types_and_globs() -> None:
    document = recorded("replace")
    assert summarise(document).losses == ()
    (loss,) = summarise(document, stateful=["terraform_*"]).losses
    assert (loss.address, loss.forced_by) == ("terraform_data.database", ("triggers_replace",))
    assert len(summarise(recorded("destroy"), stateful=["terraform_data"]).losses) == 4
