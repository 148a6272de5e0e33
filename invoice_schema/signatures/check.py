"""Every signature of an invoice and of a package, and what each of them must cover."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from lxml import etree

from invoice_schema.forms import canonical_mst
from invoice_schema.signatures import certificates
from invoice_schema.signatures.structure import SIGNATURES
from invoice_schema.signatures.trust import Reason, Trust, Unverified
from invoice_schema.signatures.verification import Verified, at, place, verify

MOST_IN_INVOICE: Final = 6
MOST_IN_PACKAGE: Final = 2


class Failure(NamedTuple):
    """`holder` is the child of DSCKS, or CKSNNT, that the signature stands in."""

    holder: etree._Element
    reason: Reason


def invoice_failures(hdon: etree._Element, trust: Trust, received_us: int | None) -> list[Failure]:
    """The signatures in DSCKS of an HDon; of one that violates the schema they mean nothing.

    The seller's must cover DLHDon and be the seller's. Others must verify, whatever of the invoice they cover: the
    authority's covers MCCQT only.
    """
    holders = hdon.find("DSCKS")
    found = [] if holders is None else [(holder, each) for holder in holders for each in SIGNATURES(holder)]
    if len(found) > MOST_IN_INVOICE:
        return [Failure(found[MOST_IN_INVOICE][0], "limit")]
    seller = canonical_mst(hdon.findtext("DLHDon/NDHDon/NBan/MST") or "")
    failures = []
    for holder, signature in found:
        sellers = {seller} if holder.tag == "NBan" else None
        try:
            _in_any_document(signature, hdon, sellers, trust, received_us)
        except Unverified as unverified:
            failures.append(Failure(holder, unverified.reason))
    return failures


def package_failures(holder: etree._Element, signers: set[str], trust: Trust, received_us: int | None) -> list[Failure]:
    """The signatures in `holder`, CKSNNT of a package that has its parts once; each must cover TDiep or DLieu.

    `signers` are the canonical codes of whom they may be.
    """
    package = holder.getroottree().getroot()
    data = package.find("DLieu")
    found = SIGNATURES(holder)
    if not 0 < len(found) <= MOST_IN_PACKAGE:
        return [Failure(holder, "limit" if found else "malformed")]
    failures = []
    for signature in found:
        try:
            verified = verify(signature, package, trust, received_us)
            _must_cover(verified, data)
            _must_be_of(verified, signers)
        except Unverified as unverified:
            failures.append(Failure(holder, unverified.reason))
    return failures


def _in_any_document(
    signature: etree._Element, hdon: etree._Element, signers: set[str] | None, trust: Trust, received_us: int | None
) -> None:
    """Returns where the signature verifies in one of its possible documents; else raises why it does not.

    In a document that is not the one that was signed, the value of the signature is the first thing to be wrong.
    """
    why = Unverified("malformed")
    for inner, data, root in _documents(signature, hdon):
        try:
            verified = verify(inner, root, trust, received_us)
            if signers is not None:
                _must_cover(verified, data)
                _must_be_of(verified, signers)
            elif not verified.covered:
                raise Unverified("reference")
        except Unverified as unverified:
            if why.reason in ("malformed", "signature"):
                why = unverified
        else:
            return
    raise why


def _documents(
    signature: etree._Element, hdon: etree._Element
) -> Iterator[tuple[etree._Element, etree._Element, etree._Element]]:
    """The signature, DLHDon and the root of each document that the invoice may have been signed in.

    An invoice is a document of its own, so its Ids are unique in it and not in the package. The package around it may
    declare namespaces that were not there when it was signed; and if it is the only one, the package may have been the
    document.
    """
    data = hdon.find("DLHDon")
    package = hdon.getparent()
    if data is None or package is None:
        return
    yield signature, data, hdon
    if package.nsmap:
        alone = _without(package.nsmap.keys(), hdon)
        yield at(alone, place(signature, hdon)), at(alone, place(data, hdon)), alone
    if len(package) == 1:
        yield signature, data, hdon.getroottree().getroot()


def _without(inherited: Collection[str | None], hdon: etree._Element) -> etree._Element:
    """A copy of an HDon that does not know the namespaces declared around it, unless it uses them."""
    alone = copy.deepcopy(hdon)
    own = {prefix for element in hdon.iter() for prefix in element.nsmap if prefix and prefix not in inherited}
    etree.cleanup_namespaces(alone, keep_ns_prefixes=sorted(own))
    return alone


def _must_cover(verified: Verified, data: etree._Element | None) -> None:
    if data is None or not any(target is data or target in data.iterancestors() for target in verified.covered):
        raise Unverified("reference")


def _must_be_of(verified: Verified, signers: set[str]) -> None:
    if not certificates.codes(verified.certificate) & signers:
        raise Unverified("certificate-mst")
