"""The protobuf wire format, as far as the relay reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.warm.wire import encoded, fields, has_error, varint, without_deferral


@given(st.lists(st.tuples(st.integers(1, 2**20), st.binary(max_size=300))))
def test_fields_returns_what_was_encoded(parts: list[tuple[int, bytes]]) -> None:
    message = b"".join(encoded(number, payload) for number, payload in parts)
    found = [(number, bytes(value)) for number, value, _ in fields(memoryview(message)) if not isinstance(value, int)]
    assert found == parts


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_as_no_message(data: bytes) -> None:
    try:
        whole = b"".join(field for _, _, field in fields(memoryview(data)))
    except ValueError:
        return
    assert whole == data


def test_a_varint_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="no varint at byte 0"):
        varint(memoryview(b"\xff" * 11), 0)


@pytest.mark.parametrize("data", [b"\x0a\x05ab", b"\x09\x00", b"\x0b"])
def test_a_message_cut_short_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="at byte 0"):
        list(fields(memoryview(data)))


def test_fixed_fields_are_passed_over() -> None:
    data = b"\x09" + b"1" * 8 + b"\x15" + b"2" * 4 + encoded(3, b"x")
    assert [number for number, _, _ in fields(memoryview(data))] == [1, 2, 3]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", False),
        (encoded(1, b"\x08\x02"), False),  # a warning
        (encoded(1, b"\x08\x02") + encoded(1, b"\x08\x01" + encoded(2, b"no credentials")), True),
        (encoded(2, b"\x08\x01"), False),  # another field
        (b"\x0a\x09broken", True),
    ],
)
def test_errors_are_told_from_warnings(answer: bytes, expected: bool) -> None:
    assert has_error(answer, 1) is expected


CONFIGURATION = encoded(1, b"1.11.4") + encoded(2, encoded(1, b"\x81\xa6region"))


def test_plan_and_apply_configure_alike() -> None:
    plan, apply = CONFIGURATION + encoded(3, b"\x10\x01"), CONFIGURATION + encoded(3, b"\x08\x01\x10\x01")
    assert without_deferral(plan) == without_deferral(apply) == plan
    assert without_deferral(CONFIGURATION) == CONFIGURATION
