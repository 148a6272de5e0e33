"""What signatures cost, as a ratio to taking in the same invoices unsigned: `python -m load.bench_signatures`.

All in one run, the ways taking turns: seconds differ from hour to hour, ratios do not. The last line is of one package
as large as the limits allow, made to cost as much as it can.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner

from invoice_schema.signatures.trust import Trust
from load.figures import machine
from load.generator import packages
from rules.intake import is_signed, take_in

PACKAGES: Final = 10
SIZE: Final = 50
RUNS: Final = 9
LARGEST: Final = 20 * 1024 * 1024
_SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_SIGNER: Final = XMLSigner(c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0)


class Party:
    """A seller with a certificate by an authority of this run."""

    def __init__(self, mst: str) -> None:
        self.key = rsa.generate_private_key(65_537, 2048)
        above = rsa.generate_private_key(65_537, 2048)
        root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Benchmark")])
        own = x509.Name([x509.NameAttribute(NameOID.USER_ID, f"MST:{mst}")])
        self.authority = _certificate(root, root, above, above, ca=True)
        self.certificate = _certificate(own, root, self.key, above, ca=False)
        self.trust = Trust((self.authority.public_bytes(Encoding.DER),))

    def sign(self, root: etree._Element, holder: str, target: str) -> etree._Element:
        """`root` with a signature in the holder, over the element at the path `target`, or over all for none."""
        at = root
        for name in holder.split("/"):
            found = at.find(name)
            at = etree.SubElement(at, name) if found is None else found
        etree.SubElement(at, _SIGNATURE, {"Id": "placeholder"}, {"ds": _SIGNATURE[1:].partition("}")[0]})
        signed = root.find(target) if target else None
        if signed is not None:
            signed.set("Id", "data")
        uri = None if signed is None else "#data"
        return _SIGNER.sign(root, key=self.key, cert=[self.certificate], reference_uri=uri)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, by: rsa.RSAPrivateKey, *, ca: bool
) -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
    builder = builder.add_extension(x509.BasicConstraints(ca, None), True)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    return builder.sign(by, hashes.SHA256())


def signed_invoices(body: bytes, party: Party) -> bytes:
    root = etree.fromstring(body)
    for hdon in root.iterfind("DLieu/HDon"):
        alone = etree.fromstring(etree.tostring(hdon))
        parent = hdon.getparent()
        if parent is not None:
            parent.replace(hdon, party.sign(alone, "DSCKS/NBan", "DLHDon"))
    return etree.tostring(root, encoding="UTF-8")


def signed_package(body: bytes, party: Party, target: str = "DLieu") -> bytes:
    return etree.tostring(party.sign(etree.fromstring(body), "CKSNNT", target), encoding="UTF-8")


def enlarged(body: bytes) -> bytes:
    """Filled up with as many elements as fit into the limits of a package and of what is canonicalised."""
    room = LARGEST - len(body) - 64 * 1024
    count = min(room // len(b"<KhacKhacKhac/>"), 990_000)
    return body.replace(b"</HDon>", b"<KhacKhacKhac/>" * count + b"</HDon>", 1)


def measure() -> list[tuple[str, float, float]]:
    """Name, µs per invoice and ratio to unsigned of each way, the best of several runs."""
    made = list(islice(packages(seed=3, merchants=1, package_size=SIZE), PACKAGES))
    party = Party(made[0].mst)
    unsigned = [package.body for package in made]
    roots = [etree.fromstring(body) for body in unsigned]
    invoices = [signed_invoices(body, party) for body in unsigned]
    wholes = [signed_package(body, party) for body in unsigned]
    ways: dict[str, Callable[[], object]] = {
        "unsigned": lambda: taken(unsigned),
        "of that, the look for signatures": lambda: [is_signed(root) for root in roots],
        "package signed (CKSNNT)": lambda: taken(wholes),
        "package signed, chain checked": lambda: taken(wholes, party.trust),
        "every invoice signed (DSCKS)": lambda: taken(invoices),
        "every invoice signed, chain checked": lambda: taken(invoices, party.trust),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            times[name].append((time.perf_counter() - began) / (PACKAGES * SIZE) * 1e6)
    unit = min(times["unsigned"])
    return [(name, min(each), min(each) / unit) for name, each in times.items()]


def taken(bodies: Iterable[bytes], trust: Trust | None = None) -> None:
    """Every body must be found sound: a ratio of refusals would say nothing."""
    for body in bodies:
        document = take_in(body, trust=trust or Trust()).document
        if document is None or document.unverified:
            raise AssertionError("a sound signature did not verify")


def worst() -> tuple[int, float, float]:
    """Bytes of the largest package, seconds to take it in, and with its signature taken away."""
    made = next(iter(packages(seed=3, merchants=1, package_size=SIZE)))
    body = signed_package(enlarged(made.body), Party(made.mst), target="")
    seconds = []
    for each in (body, body.replace(b"CKSNNT>", b"Khac>")):
        began = time.perf_counter()
        take_in(each)
        seconds.append(time.perf_counter() - began)
    return len(body), seconds[0], seconds[1]


def main() -> None:
    rows = [f"| {name} | {cost:.2f} | {ratio:.3f} |" for name, cost, ratio in measure()]
    size, signed, unsigned = worst()
    lines = [machine(), "", "| way to take in | µs per invoice | ÷ unsigned |", "| --- | --- | --- |", *rows, ""]
    lines.append(f"{size / 1e6:.1f} MB of tiny elements, signed as a whole: {signed:.2f} s; opened: {unsigned:.2f} s")
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
