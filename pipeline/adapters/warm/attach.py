"""How Terraform comes to the warm provider, and where it may not."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.adapters.terraform import Attach
from pipeline.adapters.warm import WarmProvider, types_in
from pipeline.adapters.warm.package import allows

AttachFor = Callable[[Mapping[str, str], bool], Attach]
"""(AWS environment, will a provider surely be asked?) → what attaches Terraform to the warm provider."""


def attach_to(warm: WarmProvider) -> AttachFor:
    """What attaches Terraform to the warm provider, of which a process is made ready where one will be asked.

    Nothing where a module's constraint does not let the provider in: Terraform does not ask an attached one for its
    version, so stock Terraform judges.
    """

    def attach_for(aws: Mapping[str, str], asked: bool) -> Attach:
        def attach(workdir: Path, whole: bool) -> Mapping[str, str]:
            if not allows(workdir, *warm.provider()):
                return {}
            return warm.environment(aws, None if whole else types_in(workdir), ready=asked)

        return attach

    return attach_for
