"""Reading a ds:Signature before anything is computed from it: only shapes that are expected go on.

The schema of XMLDSig is no help here: signatures in the field put SigningTime into the namespace of XMLDSig, which its
schema forbids, and hostile ones can follow it to the letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lxml import etree

from invoice_schema.signatures.trust import Reason, Trust, Unverified

DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
# The node set of a same-document reference holds no comments (XMLDSig §4.4.3.3), and our parser keeps none: with and
# without them is the same here.
CANONICAL: Final = frozenset(
    {
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2006/12/xml-c14n11#WithComments",
        EXCLUSIVE,
        EXCLUSIVE + "WithComments",
    }
)
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNING: Final = frozenset(f"{_MORE}{key}-sha{bits}" for key in ("rsa", "ecdsa") for bits in (256, 384, 512))
DIGESTING: Final = frozenset(
    {"http://www.w3.org/2001/04/xmlenc#sha256", f"{_MORE}sha384", "http://www.w3.org/2001/04/xmlenc#sha512"}
)
SIGNING_SHA1: Final = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
DIGESTING_SHA1: Final = "http://www.w3.org/2000/09/xmldsig#sha1"

# The seller's data, the time of signing, and one or two for what other formats add. Each costs a walk over all.
MOST_REFERENCES: Final = 4
MOST_TRANSFORMS: Final = 3
MOST_CERTIFICATES: Final = 5
_MOST_PREFIX_LIST: Final = 100
# Canonicalisation takes the square of the namespaces in scope, and of an element's attributes (libxml2).
_MOST_ELEMENTS: Final = 1_000_000
_MOST_PREFIXES: Final = 10
_MOST_ATTRIBUTES: Final = 16

SIGNATURES: Final = etree.XPath(
    "descendant::*[local-name() = 'Signature'][not(ancestor::*[local-name() = 'Signature'])]"
)
_INNER: Final = etree.XPath("boolean(descendant::*[local-name() = 'Signature'])")
_ELEMENTS: Final = etree.XPath("count(descendant::*)")
_CROWDED: Final = etree.XPath(f"boolean(descendant-or-self::*[@*[{_MOST_ATTRIBUTES + 1}]])")
_NAMED: Final = etree.XPath(
    "descendant-or-self::*[@*[local-name() = 'Id' or local-name() = 'ID' or local-name() = 'id'] = $id]"
)
_PREFIX = re.compile(rb"xmlns(?::[^\s=]{1,100})?")


@dataclass(frozen=True, slots=True)
class Reference:
    """What one ds:Reference of a signature points to; `own` where that is part of the signature itself."""

    target: etree._Element
    own: bool


@dataclass(frozen=True, slots=True)
class Structure:
    """A signature whose shape is an expected one. `certificates` are as written: Base64 of DER."""

    method: str
    references: tuple[Reference, ...]
    certificates: tuple[str, ...]


def read(signature: etree._Element, root: etree._Element, trust: Trust) -> Structure:
    """Read a signature below `root`, the document that its references are resolved in. Raises Unverified."""
    if signature.tag != f"{DS}Signature" or _INNER(signature):
        raise Unverified("malformed")
    info, _, *rest = _parts(signature, "SignedInfo SignatureValue( KeyInfo)?( Object)*", "malformed")
    canonical, method, *references = _parts(
        info, "CanonicalizationMethod SignatureMethod( Reference)+", "reference" if len(info) == 2 else "malformed"
    )
    _canonicalisation(canonical, "algorithm")
    algorithm = _algorithm(method, SIGNING | ({SIGNING_SHA1} if trust.allow_sha1 else set()), "algorithm")
    if len(references) > MOST_REFERENCES:
        raise Unverified("limit")
    digesting = DIGESTING | ({DIGESTING_SHA1} if trust.allow_sha1 else set())
    return Structure(
        method=algorithm,
        references=tuple(_reference(reference, signature, root, digesting) for reference in references),
        certificates=_certificates(rest[0] if rest and rest[0].tag == f"{DS}KeyInfo" else None),
    )


def bounded(root: etree._Element, document: bytes) -> None:
    """Raises Unverified where `root`, serialised as `document`, would take more than linear time to canonicalise."""
    prefixes = set()
    for found in _PREFIX.finditer(document):
        prefixes.add(found[0])
        if len(prefixes) > _MOST_PREFIXES:
            raise Unverified("limit")
    if _ELEMENTS(root) > _MOST_ELEMENTS or _CROWDED(root):
        raise Unverified("limit")


def _reference(
    reference: etree._Element, signature: etree._Element, root: etree._Element, digesting: frozenset[str]
) -> Reference:
    *transforms, digest, _ = _parts(reference, "(Transforms )?DigestMethod DigestValue", "malformed")
    _algorithm(digest, digesting, "algorithm")
    if transforms:
        _transforms(transforms[0])
    target = _target(reference.get("URI"), root)
    if target is signature:
        raise Unverified("reference")
    return Reference(target, own=signature in target.iterancestors())


def _target(uri: str | None, root: etree._Element) -> etree._Element:
    """The element that a same-document reference names; nothing else is ever looked for."""
    if uri == "":
        return root
    if uri is None or not uri.startswith("#"):
        raise Unverified("reference")
    name = uri[1:]
    found = _NAMED(root, id=name)
    if len(found) > 1:
        raise Unverified("duplicate-id")
    if not found or found[0].get("Id") != name:
        raise Unverified("reference")
    target: etree._Element = found[0]
    return target


def _transforms(transforms: etree._Element) -> None:
    """Enveloped-signature first, then canonicalisations."""
    for place, transform in enumerate(_parts(transforms, "Transform( Transform)*", "transform")):
        if place >= MOST_TRANSFORMS:
            raise Unverified("limit")
        if transform.get("Algorithm") != ENVELOPED:
            _canonicalisation(transform, "transform")
        elif place or len(transform):
            raise Unverified("transform")


def _canonicalisation(method: etree._Element, reason: Reason) -> None:
    algorithm = method.get("Algorithm", "")
    if algorithm not in CANONICAL:
        raise Unverified(reason)
    listed = [child.get("PrefixList", "") for child in method if child.tag == f"{{{EXCLUSIVE}}}InclusiveNamespaces"]
    exclusive = algorithm.startswith(EXCLUSIVE)
    if len(listed) != len(method) or len(listed) > (1 if exclusive else 0):
        raise Unverified(reason)
    if listed and len(listed[0]) > _MOST_PREFIX_LIST:
        raise Unverified("limit")


def _algorithm(method: etree._Element, allowed: frozenset[str], reason: Reason) -> str:
    algorithm = method.get("Algorithm", "")
    if algorithm not in allowed or len(method):
        raise Unverified(reason)
    return algorithm


def _certificates(info: etree._Element | None) -> tuple[str, ...]:
    """Those of KeyInfo. What would fetch or name a key in another way is refused; signxml compares KeyValue."""
    if info is None:
        raise Unverified("certificate")
    allowed = {f"{DS}{name}" for name in ("X509Data", "KeyValue", "KeyName")}
    tags = [child.tag for child in info]
    if not allowed.issuperset(tags) or tags.count(f"{DS}KeyValue") > 1:
        raise Unverified("certificate")
    found = [
        text.text or "" for data in info.iterfind(f"{DS}X509Data") for text in data.iterfind(f"{DS}X509Certificate")
    ]
    if not found or len(found) > MOST_CERTIFICATES:
        raise Unverified("limit" if found else "certificate")
    return tuple("".join(text.split()) for text in found)


def _parts(element: etree._Element, form: str, reason: Reason) -> list[etree._Element]:
    """The children of `element`, whose names, in the namespace of XMLDSig, must read as `form`."""
    children = list(element)
    names = " ".join(child.tag.removeprefix(DS) if isinstance(child.tag, str) else "?" for child in children)
    if not re.fullmatch(form, names):
        raise Unverified(reason)
    return children
