"""What the versions differ in, and the standalone schemas that follow from it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from invoice_schema import export, model, pack
from invoice_schema.codes import LISTS
from invoice_schema.export import standalone
from invoice_schema.versions import DIFFERENCES, VERSIONS, Difference, Version, absent, difference, restrict
from tests.support.samples import household, invoice, package, replaces

XS = "{http://www.w3.org/2001/XMLSchema}"
ALL: list[Version | None] = [None, *VERSIONS]
XSD = {version: etree.XMLSchema(etree.fromstring(standalone("tdiep-206.xsd", version))) for version in ALL}


def test_declarations_name_what_the_union_has() -> None:
    types = {name: type_ for message in pack.MESSAGES for name, type_ in model.types(message).items()}
    for one in DIFFERENCES:
        owner = LISTS[one.owner].codes if one.kind == "code" else types[one.owner].children
        assert one.name in owner, one
        assert one.versions and one.versions != VERSIONS, one
        assert one.source, one
    assert len({(one.kind, one.owner, one.name) for one in DIFFERENCES}) == len(DIFFERENCES)


def test_nothing_required_by_the_union_is_absent_in_a_version() -> None:
    types = {name: type_ for message in pack.MESSAGES for name, type_ in model.types(message).items()}
    for version in VERSIONS:
        for one in absent(version):
            if one.kind == "element":
                assert not types[one.owner].children[one.name].required, one


def test_look_up() -> None:
    found = difference("code", "TChat", "5")
    assert found is not None and found.versions == ("2.1.0",)
    assert difference("code", "TChat", "1") is None
    assert difference("element", "Seller", "5") is None


_LINE, _HEAD = "NDHDon/DSHHDVu/HHDVu", "TTChung"
ONLY_2_1_0 = {
    "MDVQHNSach": {"NDHDon/NMua/MDVQHNSach": "1234567"},
    "SHChieu": {"NDHDon/NMua/SHChieu": "C1234567"},
    "MCHang": {"NDHDon/NBan/MCHang": "CH01"},
    "TCHang": {"NDHDon/NBan/TCHang": "Cửa hàng 1"},
    "HDCTTChinh": {f"{_HEAD}/HDCTTChinh": "0"},
    "SBKCLQuan": {f"{_HEAD}/TTHDLQuan/SBKCLQuan": "BK1"},
    "TChat 5": {f"{_LINE}/TChat": "5"},
    "TTHHDTrung": {f"{_LINE}/TTHHDTrung/LHHDTrung": "2"},
    "KHMSHDon 8": {f"{_HEAD}/KHMSHDon": "8"},
}
BOTH = {
    "nothing special": {},
    "CCCDan": {"NDHDon/NMua/CCCDan": "001085000000"},
    "GChu": {f"{_HEAD}/TTHDLQuan/GChu": "Sai đơn giá"},
    "TChat 4": {f"{_LINE}/TChat": "4"},
    "TGTKhac": {"NDHDon/TToan/TGTKhac": "0"},
    "KHMSHDon 6": {f"{_HEAD}/KHMSHDon": "6"},
}


def _valid(version: Version | None, pban: str, edit: dict[str, str]) -> bool:
    hdon = invoice(pban=pban, edit=edit)
    return XSD[version].validate(etree.fromstring(package([hdon], pban=pban)))


@pytest.mark.parametrize("case", ONLY_2_1_0)
def test_what_2_0_1_does_not_know(case: str) -> None:
    assert not _valid("2.0.1", "2.0.1", ONLY_2_1_0[case])
    assert _valid("2.1.0", "2.1.0", ONLY_2_1_0[case])
    assert _valid(None, "2.0.1", ONLY_2_1_0[case])


@pytest.mark.parametrize("case", BOTH)
def test_what_both_know(case: str) -> None:
    for version in VERSIONS:
        assert _valid(version, version, BOTH[case])


def test_a_version_is_not_the_other() -> None:
    assert not _valid("2.0.1", "2.1.0", {})
    assert not _valid("2.1.0", "2.0.1", {})


def test_what_is_only_inferred_restricts_nothing() -> None:
    inferred = [one for one in DIFFERENCES if one.inferred]
    assert inferred
    for version in VERSIONS:
        assert not set(inferred) & set(absent(version))
    no_code = etree.fromstring(package([invoice(pban="2.0.1")], pban="2.0.1", mltdiep="216"))
    assert XSD["2.0.1"].validate(no_code)


def test_the_union_of_the_files_is_the_pack() -> None:
    packed = pack.compiled("tdiep-206.xsd")
    hdons = [invoice(), household(), invoice(corrects=replaces(1)), invoice(edit={f"{_LINE}/DGia": "x"})]
    for hdon in hdons:
        tree = etree.fromstring(package([hdon]))
        assert XSD[None].validate(tree) == packed.validate(tree)


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("message", pack.MESSAGES)
def test_a_file_stands_alone_and_holds_only_what_it_uses(message: str, version: Version | None) -> None:
    text = standalone(message, version)
    root = etree.fromstring(text)
    etree.XMLSchema(root)
    schema = xmlschema.XMLSchema10(text.decode())
    assert root.find(f"{XS}include") is None
    declared = {node.attrib["name"] for node in root if node.tag in (f"{XS}complexType", f"{XS}simpleType")}
    assert declared == set(schema.types)
    referred = {
        name
        for node in root.iter(f"{XS}*")
        for attribute in ("type", "base", "memberTypes")
        for name in node.get(attribute, "").split()
    }
    assert declared == {name for name in referred if not name.startswith("xs:")}


def test_an_attribute_may_differ_too() -> None:
    schema = pack.read("tdiep-206.xsd")
    gone = Difference("attribute", "InvoiceData", "Id", "made up", since="2.1.0")
    assert restrict(schema, "2.1.0", [gone]) == []
    assert restrict(schema, "2.0.1", [gone]) == [gone]
    assert restrict(schema, "2.0.1", [gone]) == []


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "invoice_schema.export", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_export(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "xsd"
    done = _run(str(folder), "--version", "2.0.1")
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in folder.iterdir()} == set(pack.MESSAGES)
    for path in folder.iterdir():
        assert path.read_bytes() == standalone(path.name, "2.0.1")


@pytest.mark.parametrize(
    "arguments",
    [lambda here: [], lambda here: [str(here), "--version", "2.0.0"], lambda here: [str(here / "file" / "x")]],
)
def test_export_fails_in_one_line(arguments: Callable[[Path], list[str]], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = _run(*arguments(tmp_path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_export_replaces_files(tmp_path: Path) -> None:
    (tmp_path / "tdiep-206.xsd").write_text("old")
    assert export.main([str(tmp_path)]) == 0
    assert (tmp_path / "tdiep-206.xsd").read_bytes() == standalone("tdiep-206.xsd")
