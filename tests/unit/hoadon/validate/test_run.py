"""`hoadon validate` as scripts use it: the JSON of contract.md, exit codes, one history, any number of processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoadon.common.errors import UsageError
from load.defects import known
from load.generator import packages
from tests.support.samples import invoice, message_id, package
from tests.support.validating import codes, validate

WRONG_VAT = {"NDHDon/TToan/THTTLTSuat/LTSuat/TThue": "9000", "NDHDon/TToan/TgTThue": "15000"}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.xml"
    path.write_bytes(package())
    return path


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Forty packages with every defect of the generator."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    made = packages(seed=11, merchants=20, package_size=6, defects=dict.fromkeys(known(), 0.03))
    for number, one in zip(range(40), made, strict=False):
        (folder / f"{number:03d}.xml").write_bytes(one.body)
    return folder


def test_an_accepted_document(good: Path) -> None:
    run = validate("--format", "json", good)
    assert run.code == 0
    assert run.documents == [
        {
            "path": str(good),
            "decision": "accepted",
            "mtdiep": message_id(1),
            "findings": [],
            "invoices": [
                {
                    "index": 1,
                    "mst": "9900000016",
                    "khmshdon": "1",
                    "khhdon": "C26MAA",
                    "shdon": "1",
                    "decision": "accepted",
                    "findings": [],
                }
            ],
        }
    ]


def test_a_finding_has_everything_that_programs_need(tmp_path: Path) -> None:
    path = tmp_path / "one.xml"
    path.write_bytes(package([invoice(edit=WRONG_VAT), invoice(shdon=2)]))
    run = validate("--format", "json", path)
    (document,) = run.documents
    assert run.code == 1
    assert document["decision"] == "partly_rejected"
    assert [one["decision"] for one in document["invoices"]] == ["rejected", "accepted"]
    finding = next(one for one in document["invoices"][0]["findings"] if one["code"] == "SUM-03")
    assert finding.keys() == {"code", "severity", "message", "hint", "path", "line", "legal_basis", "data"}
    assert finding["data"] == {"stated": "9000", "computed": "8000"}
    assert finding["path"].endswith("/HDon[1]/DLHDon/NDHDon/TToan/THTTLTSuat/LTSuat[1]/TThue")


def test_warnings_alone_are_0(good: Path) -> None:
    run = validate("--format", "json", "--received-at", "2026-11-22T08:00:00+07:00", good)
    assert run.code == 0
    assert [one["severity"] for one in run.documents[0]["invoices"][0]["findings"]] == ["W"]


def test_a_refused_package(tmp_path: Path) -> None:
    path = tmp_path / "one.xml"
    path.write_bytes(package(edit={"TTChung/SLuong": "7"}))
    (document,) = validate("--format", "json", path).documents
    assert (document["decision"], codes(document), document["invoices"]) == ("rejected", ["ENV-07"], [])


def test_the_language_of_messages(tmp_path: Path) -> None:
    path = tmp_path / "one.xml"
    path.write_bytes(b"")
    vietnamese, english = (
        validate("--format", "json", "--lang", lang, path).documents[0]["findings"][0]["message"]
        for lang in ("vi", "en")
    )
    assert vietnamese != english


def test_standard_input(good: Path) -> None:
    run = validate("--format", "json", "-", stdin=good.read_bytes())
    assert [(document["path"], document["decision"]) for document in run.documents] == [("-", "accepted")]


def test_documents_of_a_run_share_a_history(tmp_path: Path) -> None:
    """Accepted, again, other content under the number, other content under the message id, and the number anew: a
    refused package leaves no history."""
    first = package()
    bodies = {
        "1-first": first,
        "2-again": first,
        "3-other-content": package([invoice(fee=5_000)], number=2),
        "4-other-body": package([invoice(shdon=2)]),
        "5-the-number-of-4": package([invoice(shdon=2, fee=5_000)], number=3),
    }
    for name, body in bodies.items():
        (tmp_path / f"{name}.xml").write_bytes(body)
    assert [codes(document) for document in validate("--format", "json", tmp_path).documents] == [
        [],
        [],
        ["KEY-07"],
        ["ENV-10"],
        [],
    ]


@pytest.mark.parametrize("form", ["json", "text", "sarif", "junit"])
def test_the_number_of_processes_does_not_show(mixed: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hoadon.validate.pool._CHUNK_DOCUMENTS", 7)
    alone = validate("--format", form, "--jobs", "1", mixed)
    shared = validate("--format", form, "--jobs", "3", mixed)
    assert alone.code == 1
    assert shared == alone


def test_where_a_batch_is_cut_does_not_show(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = validate("--format", "json", mixed)
    monkeypatch.setattr("hoadon.validate.pool._CHUNK_BYTES", 1)
    assert validate("--format", "json", mixed) == whole
    found = {code for document in whole.documents for code in codes(document)}
    assert found > {"KEY-07", "SUM-03"}
    assert any(code.startswith("ENV-") for code in found)


def test_a_document_that_is_too_large_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.xml"
    with path.open("wb") as file:
        file.truncate(200 * 1024**3)
    (document,) = validate("--format", "json", path).documents
    assert codes(document) == ["ENV-03"]
    assert document["findings"][0]["data"]["limit"] == "bytes"


@pytest.mark.parametrize("when", ["yesterday", "2026-11-22", "2026-11-22T21:00:00"])
def test_an_instant_without_an_offset_is_refused(good: Path, when: str) -> None:
    with pytest.raises(UsageError):
        validate("--received-at", when, good)


def test_the_day_of_receipt_is_that_in_vietnam(good: Path) -> None:
    on_time, late = (
        codes(validate("--format", "json", "--received-at", when, good).documents[0])
        for when in ("2026-11-20T16:59:59Z", "2026-11-20T17:00:00Z")
    )
    assert (on_time, late) == ([], ["DATE-02"])


def test_outages_excuse_late_data(good: Path, tmp_path: Path) -> None:
    csv = tmp_path / "outages.csv"
    csv.write_text("mst,first_day,last_day,force_majeure,reason\n,2026-11-20,2026-11-20,0,network\n")
    late = ("--format", "json", "--received-at", "2026-11-23T08:00:00+07:00", good)
    assert codes(validate(*late).documents[0]) == ["DATE-02"]
    assert codes(validate("--outages", csv, *late).documents[0]) == ["DATE-03"]


def test_the_close_of_a_day_finds_missing_numbers(tmp_path: Path) -> None:
    """On the highest number of the series, told long before; a package that is refused counts for nothing."""
    bodies = [
        package([invoice(shdon=1), invoice(shdon=4)], number=1),
        package([invoice(shdon=3)], number=1),
        b"",
        package([invoice(shdon=2)], number=2),
    ]
    for number, body in enumerate(bodies):
        (tmp_path / f"{number}.xml").write_bytes(body)
    run = validate("--format", "json", "--received-at", "2026-11-21T08:00:00+07:00", tmp_path)
    first, second, _, _ = run.documents
    told = [[finding["code"] for finding in one["findings"]] for one in first["invoices"]]
    assert told == [["DATE-02"], ["DATE-02", "SEQ-01"]]
    assert codes(second) == ["ENV-10"]
    assert first["invoices"][1]["findings"][1]["data"]["missing"] == ["3"]
    open_day = validate("--format", "json", "--received-at", "2026-11-20T08:00:00+07:00", tmp_path)
    assert "SEQ-01" not in {code for document in open_day.documents for code in codes(document)}
