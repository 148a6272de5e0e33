"""One signature, from its structure to the certificate that made it. Raises Unverified wherever one step fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from cryptography import x509
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidDigest, InvalidInput, InvalidSignature
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from invoice_schema.parser import this_threads_parser
from invoice_schema.signatures import certificates, structure
from invoice_schema.signatures.structure import Structure
from invoice_schema.signatures.trust import Trust, Unverified

_VIETNAM: Final = timezone(timedelta(hours=7))
_SIGNING_TIMES: Final = etree.XPath("descendant-or-self::*[local-name() = 'SigningTime']")


@dataclass(frozen=True, slots=True)
class Verified:
    """`covered` are the elements of our tree that the signature covers, but for the signature itself."""

    certificate: x509.Certificate
    covered: tuple[etree._Element, ...]


def verify(signature: etree._Element, root: etree._Element, trust: Trust, received_us: int | None) -> Verified:
    """Verify a signature below `root`, which is taken as the whole document. `received_us` is the time of receipt."""
    document = etree.tostring(root, encoding="UTF-8", xml_declaration=False, with_tail=False)
    structure.bounded(root, document)
    read = structure.read(signature, root, trust)
    chain = [certificates.load(text) for text in read.certificates]
    certificate = certificates.signer(chain)
    if not certificates.fits(certificate, read.method):
        raise Unverified("algorithm")
    time = _signed_at(read, received_us)
    if time is not None:
        certificates.valid_at(certificate, time)
    else:
        time = certificate.not_valid_before_utc
    results = _mathematics(document, place(signature, root), certificate, read, trust, time)
    _compare(results, signature, read)
    others = [other for other in chain if other != certificate]
    if trust.authorities and not certificates.trusted(certificate, others, time, trust):
        raise Unverified("untrusted")
    return Verified(certificate, tuple(reference.target for reference in read.references if not reference.own))


def _signed_at(read: Structure, received_us: int | None) -> datetime | None:
    """SigningTime where the signature covers it, but no later than the receipt; else the receipt; None for neither.

    Without an offset it is the time in Vietnam. What cannot be read as a time is none.
    """
    written = {
        (element.text or "").strip()
        for reference in read.references
        if reference.own
        for element in _SIGNING_TIMES(reference.target)
    }
    if len(written) > 1:
        raise Unverified("malformed")
    received = None if received_us is None else datetime.fromtimestamp(received_us / 1_000_000, UTC)
    try:
        claimed = datetime.fromisoformat(written.pop()) if written else None
        if claimed is not None:
            claimed = (claimed if claimed.tzinfo else claimed.replace(tzinfo=_VIETNAM)).astimezone(UTC)
    except (ValueError, OverflowError):
        claimed = None
    return min((time for time in (claimed, received) if time is not None), default=None)


class _Verifier(XMLVerifier):
    """signxml's, but for three things that signatures in the field need."""

    def __init__(self, steps: Sequence[int]) -> None:
        super().__init__()
        self._steps = steps

    def _get_signature(self, root: etree._Element) -> etree._Element:
        """The one at our place: signxml would search, and verify the first of several side by side."""
        return at(root, self._steps)

    def _tostring(self, xml_node: etree._Element | bytes, **kwargs: Any) -> bytes:
        """What one canonicalisation made is the next one's document: some vendors write two."""
        return xml_node if isinstance(xml_node, bytes) else etree.tostring(xml_node, with_tail=False, **kwargs)

    def _c14n(self, nodes: etree._Element, algorithm: Any, inclusive_ns_prefixes: Any = None) -> bytes:
        """SignedInfo made a document first: lxml adds a wrong `xmlns=""` inside a part of a tree whose default
        namespace is declared above it, as nearly everybody's is."""
        alone = nodes if nodes.getparent() is None else etree.fromstring(self._tostring(nodes), self.parser)
        octets: bytes = super()._c14n(alone, algorithm, inclusive_ns_prefixes)
        return octets


def _mathematics(
    document: bytes,
    steps: Sequence[int],
    certificate: x509.Certificate,
    read: Structure,
    trust: Trust,
    time: datetime,
) -> list[VerifyResult]:
    """What signxml verified, one result for each reference."""
    digesting = structure.DIGESTING | ({structure.DIGESTING_SHA1} if trust.allow_sha1 else set())
    config = SignatureConfiguration(
        require_x509=True,
        expect_references=len(read.references),
        signature_methods=frozenset({SignatureMethod(read.method)}),
        digest_algorithms=frozenset(map(DigestAlgorithm, digesting)),
        ignore_ambiguous_key_info=False,
        verification_time=time,
        default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
    )
    try:
        found = _Verifier(steps).verify(
            document,
            x509_cert=certificate,
            validate_schema=False,
            parser=this_threads_parser(),
            id_attribute="Id",
            expect_config=config,
        )
    except InvalidDigest as error:
        raise Unverified("digest") from error
    except InvalidSignature as error:
        raise Unverified("signature") from error
    except InvalidInput as error:  # what is left of it: KeyValue is not the certificate's key
        raise Unverified("certificate") from error
    except Exception as error:  # whatever it stumbled over, nothing was verified
        raise Unverified("malformed") from error
    return found if isinstance(found, list) else [found]


def _compare(results: Sequence[VerifyResult], signature: etree._Element, read: Structure) -> None:
    """Only what is signed is read: what signxml says was signed must be what stands in our tree."""
    pairs = [(signature, results[0].signature_xml)] if len(results) == len(read.references) else []
    for reference, result in zip(read.references, results, strict=False):
        if result.signed_xml is None:
            raise Unverified("reference")
        pairs += _pairs(reference.target, result.signed_xml, signature)
    try:
        same = bool(pairs) and all(_canonical(ours) == _canonical(theirs) for ours, theirs in pairs)
    except etree.C14NError as error:
        raise Unverified("malformed") from error
    if not same:
        raise Unverified("reference")


def _pairs(
    ours: etree._Element, theirs: etree._Element, signature: etree._Element
) -> Iterator[tuple[etree._Element, etree._Element]]:
    """The two as a whole; where the signature lies within, all that does not stand on the way to it."""
    if ours not in signature.iterancestors():
        yield ours, theirs
        return
    for step in place(signature, ours)[:-1]:
        if ours.tag != theirs.tag or len(ours) != len(theirs):
            raise Unverified("reference")
        yield from ((child, theirs[index]) for index, child in enumerate(ours) if index != step)
        ours, theirs = ours[step], theirs[step]


def _canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def place(element: etree._Element, root: etree._Element) -> list[int]:
    """The way from `root` down to `element`: which child of which."""
    steps = []
    while element is not root:
        parent = element.getparent()
        if parent is None:
            raise ValueError("not below the root")
        steps.append(parent.index(element))
        element = parent
    return steps[::-1]


def at(root: etree._Element, steps: Sequence[int]) -> etree._Element:
    """The element that `place` says the way to."""
    for step in steps:
        root = root[step]
    return root
