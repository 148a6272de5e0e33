"""Import of the registry's CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from hoadon.common.errors import UsageError
from identity.registry_csv import COLUMNS
from identity.sealing import Sealer, ensure_keys
from storage.client import connect
from storage.taxpayers import import_csv
from tests.support.store import StoreProcess

HEADER = ",".join(COLUMNS)
PERSON = "001090000089"


@pytest.fixture(scope="module")
def client(store: StoreProcess) -> Iterator[Client]:
    with connect(store.settings) as client:
        yield client


@pytest.fixture(scope="module")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    keys = tmp_path_factory.mktemp("keys")
    ensure_keys(keys)
    return Sealer.load(keys)


def registry(path: Path, *lines: str) -> Path:
    file = path / "registry.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return file


def test_rows_are_stored_without_personal_ids(client: Client, sealer: Sealer, tmp_path: Path) -> None:
    file = registry(
        tmp_path,
        '0102721191-001,,"Phở ""Hà"", CN 1",enterprise,active,2024-02-29,I56,001,AB1CD,2022-12-31,,970436:1;970418:4A',
        f" 8100000001 ,{PERSON},Quán bà Năm,household,suspended,,I56,079,,,8100000002,",
        f"8100000003,{PERSON},Nguyễn Văn A,individual,closed,2025-06-01,,,,,,",
    )
    calls: list[tuple[int, int]] = []
    assert import_csv(client, file, sealer, lambda done, total: calls.append((done, total))) == 3
    assert calls[-1] == (3, 3)
    found = {
        row["mst"]: row
        for row in client.query(
            "SELECT * FROM taxpayers FINAL WHERE mst IN ('0102721191001', '8100000001', '8100000003')"
        ).named_results()
    }
    branch, household, person = found["0102721191001"], found["8100000001"], found["8100000003"]
    assert (branch["name"], branch["accounts"]) == ('Phở "Hà", CN 1', ["970436:1", "970418:4A"])
    assert (branch["status_since"], branch["registered_from"]) == (date(2024, 2, 29), date(2022, 12, 31))
    assert (branch["personal_id_pseudonym"], branch["personal_id_masked"]) == ("", "")
    assert household["personal_id_pseudonym"] == sealer.pseudonym(PERSON)
    assert (household["personal_id_masked"], household["status_since"]) == ("001•••••••89", date(1970, 1, 1))
    assert (household["accounts"], household["legacy_mst"]) == ([], "8100000002")
    assert (person["name"], person["kind"]) == ("", "individual")
    assert not any(PERSON in str(value) for row in found.values() for value in row.values())


def test_a_later_import_replaces(client: Client, sealer: Sealer, tmp_path: Path) -> None:
    for sector in ("I55", "G47"):
        import_csv(client, registry(tmp_path, f"8200000001,,A,enterprise,active,,{sector},001,,,,"), sealer)
    assert client.query("SELECT sector FROM taxpayers FINAL WHERE mst = '8200000001'").result_rows == [("G47",)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("12345,,A,enterprise,active,,,,,,,", "row 3: mst has no valid form"),
        ("8300000001,1234,A,enterprise,active,,,,,,,", "row 3: personal_id is not 12 digits"),
        ("8300000001,,A,company,active,,,,,,,", "row 3: kind is not"),
        ("8300000001,,A,enterprise,dead,,,,,,,", "row 3: status is not"),
        ("8300000001,,A,enterprise,active,2024-02-30,,,,,,", "row 3: status_since is no day"),
        ("8300000001,,A,enterprise,active,,,,,31/12/2024,,", "row 3: registered_from is not a date"),
        ("8300000001,,A,enterprise,active,,,,ab,,,", "row 3: mtt_code"),
        ("8300000001,,A,enterprise,active,,,,,,1,", "row 3: legacy_mst"),
        ("8300000001,,A,enterprise,active,,,,,,,12:34", "row 3: accounts"),
        ("8300000001,,A,enterprise,active", "row 3: wrong number of columns"),
        ("8300000000,,B,enterprise,active,,,,,,,", "row 3: mst stands in the file before"),
        (f"{PERSON[:-1]},{PERSON}x,,household,active,,,,,,,", "row 3: mst has no valid form"),
    ],
)
def test_a_bad_row_imports_nothing(client: Client, sealer: Sealer, tmp_path: Path, line: str, problem: str) -> None:
    file = registry(tmp_path, "8300000000,,A,enterprise,active,,,,,,,", line)
    with pytest.raises(UsageError) as found:
        import_csv(client, file, sealer)
    assert problem in str(found.value)
    assert "\n" not in str(found.value)
    assert PERSON[:-1] not in str(found.value)
    assert client.query("SELECT count() FROM taxpayers WHERE startsWith(mst, '83000000')").first_row == (0,)


def test_many_bad_rows_are_counted(client: Client, sealer: Sealer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"row 2: .* and 40 more$"):
        import_csv(
            client, registry(tmp_path, *[f"{number}-,,A,enterprise,active,,,,,,," for number in range(50)]), sealer
        )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no CSV"),
        (b"mst,kind\n1,2\n", "the header must name"),
        (HEADER.encode() + b"\n8300000000,,\xff\xfe,enterprise,active,,,,,,,\n", "not UTF-8"),
    ],
)
def test_files_that_are_no_registry(
    client: Client, sealer: Sealer, tmp_path: Path, content: bytes, problem: str
) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=problem):
        import_csv(client, file, sealer)


def test_no_such_file(client: Client, sealer: Sealer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none.csv: cannot be read: No such file"):
        import_csv(client, tmp_path / "none.csv", sealer)
