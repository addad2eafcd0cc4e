"""Applications find their environment's record where they always found it."""

import json
from collections.abc import Callable
from typing import Any


def test_the_record_is_at_its_place_and_names_the_network(
    aws: Callable[[str], Any], outputs: dict[str, Any], environment: str, stack: str
) -> None:
    ssm = aws("ssm")
    names = [f"/environments/{environment}-{stack}"]
    found = ssm.get_parameters(Names=names)["Parameters"]
    assert [parameter["Name"] for parameter in found] == names
    assert json.loads(found[0]["Value"])["vpc"] == outputs["vpc_id"]
