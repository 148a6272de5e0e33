"""What stands on the topics: names, headers, keys, and bundles of packages that share a partition.

A message of `einvoice.packages` is either one package as it was posted (`hoadon-format: xml`, the facts of its
receipt in headers) or a bundle (`hoadon-format: bundle-1`): a sequence of frames

    u32 length of head | head (JSON of `Receipt`) | u32 length of body | body (the package as posted)

with big-endian lengths. A bundle holds packages of one partition only. A message of `einvoice.payments` holds payments
of one partition (`hoadon-format: payments-1`, MessagePack).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from payments.payment import Payment

PACKAGES: Final = "einvoice.packages"
PAYMENTS: Final = "einvoice.payments"
REGISTRY: Final = "einvoice.registry"
DECISIONS: Final = "einvoice.decisions"
DEAD_LETTERS: Final = "einvoice.dead-letters"
TOPICS: Final = (PACKAGES, PAYMENTS, REGISTRY, DECISIONS, DEAD_LETTERS)

FORMAT: Final = "hoadon-format"
XML: Final = b"xml"
BUNDLE: Final = b"bundle-1"
PAYMENTS_1: Final = b"payments-1"
RECEIPT: Final = "hoadon-receipt"

_U32 = struct.Struct(">I")


class Receipt(msgspec.Struct, frozen=True):
    """The facts of one package's receipt; they travel with it, so that a replay decides the same.

    `received_at` is in microseconds since the epoch, `sender` the credential's MNGui (`*` for a key of every sender),
    `sha256` the lower-case hex digest of the unpacked body.
    """

    received_at: int
    sender: str
    sha256: str


class Received(msgspec.Struct, frozen=True):
    """One package with its receipt."""

    receipt: Receipt
    body: bytes


class BadMessage(ValueError):
    """The message is not in a form that the gateway writes."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Receipt).decode


def message(packages: Sequence[Received]) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of one Kafka message for `packages` (one partition, in order)."""
    if len(packages) == 1:
        return packages[0].body, [(FORMAT, XML), (RECEIPT, _encode(packages[0].receipt))]
    parts: list[bytes] = []
    for package in packages:
        head = _encode(package.receipt)
        parts += (_U32.pack(len(head)), head, _U32.pack(len(package.body)), package.body)
    return b"".join(parts), [(FORMAT, BUNDLE)]


def packages_of(value: bytes | None, headers: dict[str, bytes]) -> list[Received]:
    """The packages of one message, in order. Raises BadMessage."""
    kind = headers.get(FORMAT)
    if value is None or kind not in (XML, BUNDLE):
        raise BadMessage("no header hoadon-format, or an unknown one")
    try:
        if kind == XML:
            return [Received(_decode(headers[RECEIPT]), value)]
        return list(_frames(value))
    except (KeyError, struct.error, msgspec.MsgspecError) as error:
        raise BadMessage(f"damaged {kind.decode()}: {type(error).__name__}") from error


def _frames(value: bytes) -> Iterator[Received]:
    at = 0
    while at < len(value):
        head, at = _field(value, at)
        body, at = _field(value, at)
        yield Received(_decode(head), body)


def _field(value: bytes, at: int) -> tuple[bytes, int]:
    (length,) = _U32.unpack_from(value, at)
    end = at + 4 + length
    if end > len(value):
        raise BadMessage("damaged bundle-1: cut short")
    return value[at + 4 : end], end


class PaymentsReceipt(msgspec.Struct, frozen=True):
    """`received_at` in µs, `sender` the credential's MNGui."""

    received_at: int
    sender: str


_encode_payments: Final = msgspec.msgpack.Encoder().encode
_decode_payments: Final = msgspec.msgpack.Decoder(list[Payment]).decode
_decode_receipt: Final = msgspec.json.Decoder(PaymentsReceipt).decode


def payments_message(receipt: PaymentsReceipt, payments: Sequence[Payment]) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of one Kafka message for payments of one partition."""
    return _encode_payments(payments), [(FORMAT, PAYMENTS_1), (RECEIPT, _encode(receipt))]


def payments_of(value: bytes | None, headers: dict[str, bytes]) -> tuple[PaymentsReceipt, list[Payment]]:
    """Raises BadMessage."""
    if value is None or headers.get(FORMAT) != PAYMENTS_1:
        raise BadMessage("no header hoadon-format, or an unknown one")
    try:
        return _decode_receipt(headers[RECEIPT]), _decode_payments(value)
    except (KeyError, msgspec.MsgspecError) as error:
        raise BadMessage(f"damaged {PAYMENTS_1.decode()}: {type(error).__name__}") from error


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """Kafka's default partitioner (murmur2 of the key), so that every producer agrees on a seller's partition."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    length = len(data)
    h = (0x9747B28C ^ length) & mask
    whole = length & ~3
    for (k,) in struct.iter_unpack("<I", data[:whole]):
        k = (k * m) & mask
        k = ((k ^ (k >> 24)) * m) & mask
        h = ((h * m) & mask) ^ k
    if tail := data[whole:]:
        h = ((h ^ int.from_bytes(tail, "little")) * m) & mask
    h = ((h ^ (h >> 13)) * m) & mask
    return h ^ (h >> 15)
