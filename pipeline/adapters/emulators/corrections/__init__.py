"""Where moto answers otherwise than AWS, in ways the AWS provider notices.

Promise: one file a service, each with a tuple `CORRECTIONS` of functions without arguments. The docstring of
each says the provider call that needs it (Provider), where AWS documents the answer (AWS), and the moto release
on which it was last needed and what ends it (Until). tests/emulators proves on a stock moto that each is still
needed. `VERSION` grows with every change of an answer: it is part of the evidence key.
"""

from collections.abc import Callable

VERSION = 4


def corrections() -> list[Callable[[], None]]:
    """All of them, in the order in which they are applied."""
    from pipeline.adapters.emulators.corrections import (
        autoscaling,
        ec2,
        ec2_network,
        ec2_volumes,
        eks_access,
        eks_addon,
        eks_cluster,
        eks_nodegroup,
        eks_tags,
        unimplemented,
    )

    services = (
        *(autoscaling, ec2, ec2_network, ec2_volumes),
        *(eks_cluster, eks_nodegroup, eks_addon, eks_access, eks_tags),
        unimplemented,
    )
    return [correct for service in services for correct in service.CORRECTIONS]


def apply() -> None:
    """Correct the moto of this process; call once, before its server starts."""
    from pipeline.adapters.emulators.corrections.iam import share_managed_policies

    share_managed_policies()
    for correct in corrections():
        correct()
