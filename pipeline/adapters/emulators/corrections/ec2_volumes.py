"""EC2: the volumes of instances."""

from typing import Any

from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses.instances import InstanceResponse

from pipeline.adapters.emulators.corrections.patching import wrap


def root_volume_ends_with_its_instance() -> None:
    """The root volume is deleted with its instance unless the request says otherwise.

    Provider: aws_autoscaling_group with a launch template whose block_device_mappings give the size alone; the
    volumes would stay after destroy.
    AWS: EC2 User Guide, "Preserve data when an instance is terminated": the root volume is deleted by default.
    Until: needed on 5.2.5; ends when RunInstances defaults DeleteOnTermination to true for the root device.
    """

    def run_instances(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        mappings = kwargs.get("block_device_mappings")
        if mappings is None and kwargs.get("launch_template"):
            mappings = self._get_template_from_args(kwargs["launch_template"]).data.get("BlockDeviceMappings")
        said = {one["DeviceName"] for one in mappings or [] if "DeleteOnTermination" in (one.get("Ebs") or {})}
        reservation = original(self, *args, **kwargs)
        for instance in reservation.instances:
            for path, device in instance.block_device_mapping.items():
                if path == instance.root_device_name and path not in said:
                    device.delete_on_termination = True
        return reservation

    def parse_block_device_mapping(original: Any, self: Any) -> Any:
        mappings = original(self)  # says False where the request says nothing
        for mapping, asked in zip(mappings, self._get_param("BlockDeviceMappings", []), strict=True):
            if "DeleteOnTermination" not in (asked.get("Ebs") or {}):
                del mapping["Ebs"]["DeleteOnTermination"]
        return mappings

    wrap(InstanceBackend, "run_instances", run_instances)
    wrap(InstanceResponse, "_parse_block_device_mapping", parse_block_device_mapping)


CORRECTIONS = (root_volume_ends_with_its_instance,)
