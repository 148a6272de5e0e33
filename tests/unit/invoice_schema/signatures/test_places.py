"""What it costs, and where the findings stand."""

from __future__ import annotations

import copy
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from lxml import etree

from invoice_schema.envelope import open_package
from invoice_schema.signatures import certificates
from invoice_schema.signatures.check import MOST_IN_INVOICE, MOST_IN_PACKAGE
from invoice_schema.signatures.trust import Unverified
from rules.history import Remembered
from rules.intake import take_in
from rules.judge import judge
from tests.support.samples import invoice, package
from tests.support.signing import (
    ENVELOPED,
    EXCLUSIVE,
    SELLERS,
    signed_invoice,
    signed_package,
    x509_data,
)
from tests.support.verifying import (
    OTHERS,
    SIGNATURE,
    at,
    info_changed,
    of_seller,
    package_reasons,
    reasons,
)


def timed(made: Callable[[], list[str]]) -> tuple[list[str], float]:
    began = time.perf_counter()
    return made(), time.perf_counter() - began


def test_many_of_anything_is_refused_at_once() -> None:
    hdon = signed_invoice()
    bodies = {
        "references": info_changed(lambda info: info.extend(copy.deepcopy(info[2]) for _ in range(5_000))),
        "transforms": signed_invoice(transforms=(ENVELOPED, *[EXCLUSIVE] * 5_000)),
        "certificates": signed_invoice(key_info=x509_data(*[SELLERS.certificate] * 500)),
        "namespaces": signed_invoice(
            objects="<Object " + " ".join(f"xmlns:p{i}='urn:{i}'" for i in range(300)) + f">{'<b/>' * 20_000}</Object>"
        ),
        "attributes": signed_invoice(objects="<Object " + " ".join(f"a{i:06}=''" for i in range(20_000)) + "/>"),
    }
    for name, made in bodies.items():
        body = package([made])
        found, seconds = timed(lambda body=body: reasons(body))  # type: ignore[misc]
        assert (name, found) == (name, ["limit"])
        assert seconds < 5
    for _ in range(MOST_IN_INVOICE):
        hdon.find("DSCKS/NBan").append(copy.deepcopy(of_seller(hdon)))  # type: ignore[union-attr]
    assert reasons(hdon) == ["limit"]
    root = etree.fromstring(signed_package())
    for _ in range(MOST_IN_PACKAGE):
        at(root, "CKSNNT").append(copy.deepcopy(at(root, f"CKSNNT/{SIGNATURE}")))
    assert package_reasons(etree.tostring(root)) == ["limit"]


def test_an_unsigned_package_loads_no_libraries() -> None:
    code = (
        "import sys; from rules.intake import take_in; from tests.support.samples import package;"
        "assert take_in(package()).document; sys.exit('signxml' in sys.modules or 'cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_findings_beside_others() -> None:
    body = package([signed_invoice(OTHERS), signed_invoice(OTHERS, hdon=invoice(shdon=2)), invoice(shdon=3)])
    root = etree.fromstring(body)
    etree.SubElement(at(root, "DLieu/HDon[2]/DLHDon/TTChung"), "Khac")
    taken = take_in(etree.tostring(root))
    assert taken.document is not None
    judgement = judge([taken.document], [None], Remembered())
    assert judgement.rejected.tolist() == [True, True, False]
    told = {row: [(one.code, one.path) for one in found] for row, found in judgement.findings.items()}
    assert told == {
        0: [("SIG-01", "/TDiep/DLieu/HDon[1]/DSCKS/NBan")],
        1: [("XSD-01", "/TDiep/DLieu/HDon[2]/DLHDon/TTChung/Khac")],
    }


def test_all_findings_of_the_envelope_are_told() -> None:
    root = etree.fromstring(signed_package())
    at(root, "TTChung/SLuong").text = "2"
    findings = open_package(etree.tostring(root)).findings
    assert [(one.code, one.path) for one in findings] == [
        ("ENV-07", "/TDiep/TTChung/SLuong"),
        ("ENV-11", "/TDiep/CKSNNT"),
    ]


def test_reasons_are_raised_not_returned() -> None:
    with pytest.raises(Unverified) as raised:
        certificates.load("AAAA")
    assert raised.value.reason == "certificate"
