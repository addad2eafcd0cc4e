"""Auto Scaling: scaling policies, instance refresh, maintenance policies."""

from typing import Any

from moto.autoscaling.models import FakeScalingPolicy
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from pipeline.adapters.emulators.corrections.patching import AnswerError, add, wrap


def scaling_policy_enabled() -> None:
    """DescribePolicies answers Enabled, and no predictive configuration where none was set.

    Provider: aws_autoscaling_policy reads both back; without them each plan shows a difference.
    AWS: Auto Scaling API Reference, PutScalingPolicy: Enabled is true by default; ScalingPolicy.
    Until: needed on 5.2.5; ends when moto keeps Enabled.
    """

    def init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.enabled = True
        self.predictive_scaling_configuration = self.predictive_scaling_configuration or None

    wrap(FakeScalingPolicy, "__init__", init)


def instance_refresh() -> None:
    """StartInstanceRefresh is over when it answers; DescribeInstanceRefreshes and CancelInstanceRefresh know it.

    Provider: aws_autoscaling_group with instance_refresh starts one after each change of its template and asks
    for those under way before.
    AWS: Auto Scaling API Reference, StartInstanceRefresh, InstanceRefresh.
    Until: needed on 5.2.5 (not implemented); ends with moto's own.
    """

    def refreshes(self: Any) -> list[dict[str, Any]]:
        name = self._get_param("AutoScalingGroupName")
        self.autoscaling_backend.describe_auto_scaling_groups([name])
        group = self.autoscaling_backend.autoscaling_groups.get(name)
        if group is None:
            from moto.autoscaling.exceptions import ValidationError

            raise ValidationError("AutoScalingGroup name not found - null")
        known: list[dict[str, Any]] = group.__dict__.setdefault("instance_refreshes", [])
        return known

    def start_instance_refresh(self: Any) -> ActionResult:
        known = refreshes(self)
        refresh = {
            "InstanceRefreshId": str(mock_random.uuid4()),
            "AutoScalingGroupName": self._get_param("AutoScalingGroupName"),
            "Status": "Successful",
            "PercentageComplete": 100,
            "InstancesToUpdate": 0,
            "StartTime": utcnow(),
            "EndTime": utcnow(),
            "Preferences": self._get_param("Preferences", {}),
        }
        known.insert(0, refresh)
        return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})

    def describe_instance_refreshes(self: Any) -> ActionResult:
        wanted = self._get_param("InstanceRefreshIds", [])
        found = [one for one in refreshes(self) if not wanted or one["InstanceRefreshId"] in wanted]
        return ActionResult({"InstanceRefreshes": found})

    def cancel_instance_refresh(self: Any) -> ActionResult:
        refreshes(self)
        raise AnswerError("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found")

    add(AutoScalingResponse, start_instance_refresh, describe_instance_refreshes, cancel_instance_refresh)


def instance_maintenance_policy() -> None:
    """A group keeps its instance maintenance policy.

    Provider: aws_autoscaling_group with instance_maintenance_policy; without it each plan sets it again.
    AWS: Auto Scaling API Reference, AutoScalingGroup and InstanceMaintenancePolicy (-1 for both values: none).
    Until: needed on 5.2.5; ends when moto keeps InstanceMaintenancePolicy.
    """

    def keep(original: Any, self: Any) -> Any:
        answer = original(self)
        if policy := self._get_param("InstanceMaintenancePolicy"):
            group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
            none = int(policy.get("MaxHealthyPercentage", -1)) < 0
            group.instance_maintenance_policy = None if none else dict(policy)
        return answer

    wrap(AutoScalingResponse, "create_auto_scaling_group", keep)
    wrap(AutoScalingResponse, "update_auto_scaling_group", keep)


CORRECTIONS = (scaling_policy_enabled, instance_refresh, instance_maintenance_policy)
