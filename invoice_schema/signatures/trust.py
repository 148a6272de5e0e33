"""By what signatures are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Reason = Literal[
    "malformed",  # not the shape of an XML signature, or several that contradict each other
    "limit",  # more signatures, references, transforms or markup than are read
    "algorithm",  # a signature, digest or canonicalisation method that is not allowed, or a weak key
    "transform",  # a transform that is not allowed, or in a place where it is not
    "reference",  # refers to nothing here, or does not cover what it must
    "duplicate-id",  # refers to an Id that two elements have
    "certificate",  # none, unreadable, several of different parties, or beside another key
    "certificate-mst",  # of somebody else
    "untrusted",  # no configured authority stands behind the certificate
    "not-yet-valid",  # the certificate at the time of signing
    "expired",
    "signature",  # SignatureValue is not that of SignedInfo under the certificate's key
    "digest",  # what was signed has changed
]


class Unverified(Exception):
    """A signature does not verify."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Trust:
    """`authorities` are DER certificates. Without any the chain is not looked at, and a verified signature says only
    that its mathematics hold: anybody can make a certificate with a merchant's MST in it.
    """

    authorities: tuple[bytes, ...] = ()
    allow_sha1: bool = False


NO_AUTHORITIES: Final = Trust()
