"""What the gateway finds out about a signed package before it says 999."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.packages import examine
from invoice_schema.envelope import DEFAULT
from invoice_schema.signatures.trust import NO_AUTHORITIES, Trust
from tests.support.samples import SELLER, SELLER_2, package
from tests.support.signing import AUTHORITY, SELLERS, signed_invoice, signed_package, signer

NOON = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 1_000_000
MAY = signer(f"MST:{SELLER}", last=datetime(2026, 5, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("body", "trust", "expected"),
    [
        (signed_package(), NO_AUTHORITIES, []),
        (signed_package(), Trust((AUTHORITY.der,)), []),
        (signed_package(), Trust((SELLERS.der,)), []),
        (signed_package(), Trust((MAY.der,)), ["untrusted"]),
        (signed_package(signer(f"MST:{SELLER_2}")), NO_AUTHORITIES, ["certificate-mst"]),
        (signed_package(MAY, time=None), NO_AUTHORITIES, ["expired"]),
        (package([signed_invoice(signer(f"MST:{SELLER_2}"))]), NO_AUTHORITIES, []),
    ],
    ids=["anybody", "authority", "itself", "stranger", "another", "expired", "the worker looks at invoices"],
)
def test_signatures(body: bytes, trust: Trust, expected: list[str]) -> None:
    examined = examine(body, False, DEFAULT, trust, NOON)
    assert [(one.code, one.data["reason"]) for one in examined.findings] == [("ENV-11", reason) for reason in expected]
