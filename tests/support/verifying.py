"""Whether the signatures of a document verify, and signatures spoilt on purpose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from lxml import etree

from invoice_schema.envelope import open_package
from invoice_schema.parser import parse
from invoice_schema.signatures.check import invoice_failures
from invoice_schema.signatures.trust import NO_AUTHORITIES, Trust
from tests.support.samples import SELLER_2, package
from tests.support.signing import (
    AUTHORITY,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    again,
    rsa_key,
    signed_invoice,
    signer,
)

SIGNATURE = f"{{{DS}}}Signature"
TRUSTED = Trust((AUTHORITY.der,))
SHA1 = Trust(allow_sha1=True)
OTHERS = signer(f"MST:{SELLER_2}", key=rsa_key(2))
C14N11 = "http://www.w3.org/2006/12/xml-c14n11"


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def reasons(
    hdon: etree._Element | bytes, trust: Trust = NO_AUTHORITIES, received_us: int | None = None, place: int = 0
) -> list[str]:
    """Why the signatures of an HDon, put into a package, do not verify."""
    body = hdon if isinstance(hdon, bytes) else package([hdon])
    found = parse(body).root.findall("DLieu/HDon")[place]
    return [reason for _, reason in invoice_failures(found, trust, received_us)]


def package_reasons(body: bytes, trust: Trust = NO_AUTHORITIES, received_us: int | None = None) -> list[str]:
    findings = open_package(body, trust=trust, received_us=received_us).findings
    assert {finding.code for finding in findings} <= {"ENV-11"}
    return [finding.data["reason"] for finding in findings]


def of_seller(hdon: etree._Element) -> etree._Element:
    found = hdon.find(f"DSCKS/NBan/{SIGNATURE}")
    assert found is not None
    return found


def at(root: etree._Element, path: str) -> etree._Element:
    found = root.find(path, {"ds": DS})
    assert found is not None, path
    return found


def objects(xml: str) -> etree._Element:
    return etree.fromstring(f'<Object xmlns="{DS}">{xml}</Object>')


def child(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{DS}}}{tag}", attributes)


def info_changed(change: Callable[[etree._Element], object]) -> etree._Element:
    """SignedInfo changed, and signed again by the same key."""
    hdon = signed_invoice()
    change(of_seller(hdon)[0])
    again(of_seller(hdon))
    return hdon


def signed_to_be_moved() -> etree._Element:
    """In a way that does not notice where the data stand."""
    hdon = signed_invoice(prefix="ds", canonical=EXCLUSIVE, transforms=(ENVELOPED, EXCLUSIVE), time=None)
    child(of_seller(hdon), "Object")
    return hdon
