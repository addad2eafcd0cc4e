"""The warm provider: provider processes that stay alive between Terraform commands.

Promise to the caller: `TF_REATTACH_PROVIDERS` values that are each bound to one environment (account, region,
endpoint); what two values are bound to never crosses over; nothing survives the process that called `start`.
"""

from pipeline.adapters.warm.client import WarmProvider, is_provider_lost
from pipeline.adapters.warm.plan_reader import PlanReader
from pipeline.adapters.warm.used_types import is_missing_type, types_in

__all__ = ["PlanReader", "WarmProvider", "is_missing_type", "is_provider_lost", "types_in"]
