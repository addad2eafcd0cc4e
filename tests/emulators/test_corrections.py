"""Each correction is needed on the moto that is installed, and does what AWS does."""

import inspect

import pytest

from pipeline.adapters.emulators.corrections import corrections
from pipeline.adapters.emulators.moto import Moto
from tests.emulators import probes
from tests.emulators.conftest import clients

NAMES = [correct.__name__ for correct in corrections()]
PROBES = {name: probe for name, probe in inspect.getmembers(probes, inspect.isfunction) if not name.startswith("_")}


def test_every_correction_has_a_probe_and_a_reason() -> None:
    assert sorted(NAMES) == sorted(PROBES)
    for correct in corrections():
        text = inspect.getdoc(correct) or ""
        assert [word for word in ("Provider:", "AWS:", "Until:") if word not in text] == [], correct.__name__


@pytest.mark.parametrize("name", NAMES)
def test_corrected_moto_answers_like_aws(name: str, moto: Moto) -> None:
    PROBES[name](clients(moto))


@pytest.mark.parametrize("name", NAMES)
def test_stock_moto_still_needs_the_correction(name: str, stock_moto: Moto) -> None:
    """A pass on stock moto means: delete this correction."""
    from botocore.exceptions import ClientError
    from botocore.parsers import ResponseParserError

    with pytest.raises((AssertionError, ClientError, KeyError, ResponseParserError)):
        PROBES[name](clients(stock_moto))
