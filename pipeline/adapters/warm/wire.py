"""The few parts of the protobuf wire format that the relay reads; everything else passes as raw bytes.

Source: https://protobuf.dev/programming-guides/encoding/ and Terraform's docs/plugin-protocol/*.proto.
"""

from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
ERROR = 1
"""Diagnostic.Severity.ERROR, the same in protocol 5 and 6."""


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """(value, position after it) of the varint at `at`; raises ValueError where it does not end in 10 bytes."""
    shift = value = 0
    for position in range(at, min(at + 10, len(data))):
        byte = data[position]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position + 1
        shift += 7
    raise ValueError(f"no varint at byte {at}")


def fields(data: memoryview) -> Iterator[tuple[int, memoryview | int, memoryview]]:
    """(number, payload or integer, the whole field with its key) of each field, in order.

    Raises ValueError where the bytes are not a message.
    """
    at = 0
    while at < len(data):
        start = at
        key, at = varint(data, at)
        value: memoryview | int
        match key & 7:
            case 0:
                value, at = varint(data, at)
            case 1:
                value, at = 0, at + 8
            case 2:
                length, at = varint(data, at)
                value, at = data[at : at + length], at + length
            case 5:
                value, at = 0, at + 4
            case other:
                raise ValueError(f"wire type {other} at byte {start}")
        if at > len(data):
            raise ValueError(f"field at byte {start} is longer than its message")
        yield key >> 3, value, data[start:at]


def encoded(number: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    return _varint(number << 3 | LENGTH) + _varint(len(payload)) + payload


def without_deferral(request: bytes) -> bytes:
    """A Configure request without `client_capabilities.deferral_allowed` (field 3.1 in protocol 5 and 6).

    Terraform sets it for apply and not for plan, and nothing else differs: without it both are one configuration.
    A capability is a permission, so a provider that does not hear of it acts as it must for any older client.
    """
    parts = []
    for number, payload, field in fields(memoryview(request)):
        if number == 3 and isinstance(payload, memoryview):
            parts.append(encoded(3, b"".join(inner for n, _, inner in fields(payload) if n != 1)))
        else:
            parts.append(bytes(field))
    return b"".join(parts)


def has_error(message: bytes, number: int) -> bool:
    """Whether a diagnostic in field `number` of an answer has severity ERROR; unreadable counts as an error."""
    try:
        for found, payload, _ in fields(memoryview(message)):
            if found == number and isinstance(payload, memoryview):
                for inner, value, _ in fields(payload):
                    if inner == 1 and value == ERROR:
                        return True
    except ValueError:
        return True
    return False


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
