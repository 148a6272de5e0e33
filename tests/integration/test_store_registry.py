"""The registry in the store: import, versions, what is known of a day at a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from pyarrow import parquet

from hoadon.common.clock import now_us, vietnam_day
from hoadon.common.errors import UsageError
from identity.keys import Keyring, ensure_keys
from identity.registry import LATEST, STATUSES, How
from identity.registry_file import COLUMNS, checked
from storage.client import connect
from storage.registry import Version, import_file
from storage.statements import versions
from storage.stating import ready
from streams.registry import DELAY, RegistrySnapshot
from tests.support.store import StoreProcess

HEADER = ",".join(COLUMNS)
PERSON = "001090000089"
_OTHER_TYPES = {"status_since": pa.date32(), "registered_from": pa.date32(), "accounts": pa.list_(pa.string())}
PARQUET = pa.schema([(name, _OTHER_TYPES.get(name, pa.string())) for name in COLUMNS])


@pytest.fixture(scope="module")
def client(store: StoreProcess) -> Iterator[Client]:
    with connect(store.settings) as client:
        yield client


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    keys = tmp_path_factory.mktemp("keys")
    ensure_keys(keys)
    return Keyring.load(keys)


def registry(path: Path, *lines: str) -> Path:
    file = path / "registry.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return file


def test_provinces_are_stored_by_their_official_names(client: Client, keyring: Keyring, tmp_path: Path) -> None:
    written = ("TP.HCM", "Thành phố Hồ Chí Minh", "Bình Dương", "hue", "Atlantis", "Atlantis", "")
    file = registry(
        tmp_path, *(f"82000000{at:02d},,A,enterprise,active,,,{name},,,," for at, name in enumerate(written))
    )
    unplaced = Counter[str]()
    assert import_file(client, file, keyring.pseudonyms, unplaced=unplaced) == 7
    assert unplaced == {"Atlantis": 2}
    told = "SELECT province, count() FROM taxpayers FINAL WHERE mst LIKE '82%' GROUP BY province ORDER BY province"
    assert client.query(told).result_rows == [("", 1), ("Atlantis", 2), ("Huế", 1), ("Hồ Chí Minh", 3)]


def test_rows_are_stored_without_personal_ids(client: Client, keyring: Keyring, tmp_path: Path) -> None:
    file = registry(
        tmp_path,
        '0102721191-001,,"Phở ""Hà"", CN 1",enterprise,active,2024-02-29,I56,001,AB1CD,2022-12-31,,970436:1;970418:4A',
        f" 8100000001 ,{PERSON},Quán bà Năm,household,suspended,,I56,079,,,8100000002,",
        f"8100000003,{PERSON},Nguyễn Văn A,individual,closed,2025-06-01,,,,,,",
    )
    calls: list[tuple[int, int]] = []
    assert import_file(client, file, keyring.pseudonyms, lambda done, size: calls.append((done, size))) == 3
    assert calls[-1] == (file.stat().st_size,) * 2
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
    assert household["personal_id_pseudonym"] == keyring.pseudonyms.of(PERSON)
    assert (household["personal_id_masked"], household["status_since"]) == ("001•••••••89", date(1970, 1, 1))
    assert (household["accounts"], household["legacy_mst"]) == ([], "8100000002")
    assert (person["name"], person["kind"]) == ("", "individual")
    assert not any(PERSON in str(value) for row in found.values() for value in row.values())


def test_a_later_import_replaces(client: Client, keyring: Keyring, tmp_path: Path) -> None:
    for sector in ("I55", "G47"):
        import_file(
            client, registry(tmp_path, f"8200000001,,A,enterprise,active,,{sector},001,,,,"), keyring.pseudonyms
        )
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
def test_a_bad_row_imports_nothing(client: Client, keyring: Keyring, tmp_path: Path, line: str, problem: str) -> None:
    file = registry(tmp_path, "8300000000,,A,enterprise,active,,,,,,,", line)
    with pytest.raises(UsageError) as found:
        import_file(client, file, keyring.pseudonyms)
    assert problem in str(found.value)
    assert "\n" not in str(found.value)
    assert PERSON[:-1] not in str(found.value)
    assert client.query("SELECT count() FROM taxpayers WHERE startsWith(mst, '83000000')").first_row == (0,)


def test_many_bad_rows_are_counted(client: Client, keyring: Keyring, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"row 2: .* and 40 more$"):
        import_file(
            client, registry(tmp_path, *[f"{number}-,,A,enterprise,active,,,,,,," for number in range(50)]), keyring
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
    client: Client, keyring: Keyring, tmp_path: Path, content: bytes, problem: str
) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=problem):
        import_file(client, file, keyring.pseudonyms)


def test_no_such_file(client: Client, keyring: Keyring, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none.csv: cannot be read: No such file"):
        import_file(client, tmp_path / "none.csv", keyring)


def in_parquet(path: Path, *rows: dict[str, object]) -> Path:
    table = pa.Table.from_pylist([{**dict.fromkeys(COLUMNS), **row} for row in rows], PARQUET)
    parquet.write_table(table, path / "registry.parquet")
    return path / "registry.parquet"


def test_parquet_says_the_same(client: Client, keyring: Keyring, tmp_path: Path) -> None:
    accounts = ["970436:1", "970418:4A"]
    row = {"mst": "8400000001", "name": "A", "kind": "enterprise", "status": "active", "accounts": accounts}
    assert (
        import_file(client, in_parquet(tmp_path, {**row, "status_since": date(2024, 2, 29)}), keyring.pseudonyms) == 1
    )
    found = client.query("SELECT name, status_since, accounts FROM taxpayers FINAL WHERE mst = '8400000001'")
    assert found.result_rows == [("A", date(2024, 2, 29), accounts)]
    as_text = registry(tmp_path, "8400000001,,A,enterprise,active,2024-02-29,,,,,,970436:1;970418:4A")
    before = versions(client, 0)
    import_file(client, as_text, keyring.pseudonyms)
    assert versions(client, 0) == before
    with pytest.raises(UsageError, match="row 2: kind is not"):
        import_file(client, in_parquet(tmp_path, row, {**row, "mst": "8400000002", "kind": "shop"}), keyring.pseudonyms)


def snapshot(client: Client, keyring: Keyring) -> RegistrySnapshot:
    found = RegistrySnapshot(client, keyring.pseudonyms)
    found.refresh()
    return found


def ask(known: RegistrySnapshot, code: str, day: str, moment: int = LATEST) -> tuple[str, str, str, str]:
    """Way, tax code, status and sector."""
    current = known.current()
    assert current is not None
    at = np.array([moment])
    found = current.find(pa.array([code]), at)
    facts = current.facts(found.places, np.array([day], "datetime64[D]"), at)
    (mst,), (sector,) = current.codes(found.places), facts.sector.to_pylist()
    return How(found.how[0]).name, mst, STATUSES[facts.status[0]], sector


def test_what_was_true_on_a_day_and_known_at_a_moment(client: Client, keyring: Keyring, tmp_path: Path) -> None:
    import_file(client, registry(tmp_path, "8500000001,,A,enterprise,active,,I56,001,,,,"), keyring.pseudonyms)
    between = max(versions(client, 0).values()) + round(DELAY * 1e6) + 1
    running = snapshot(client, keyring)
    assert ask(running, "8500000001", "2020-01-01") == ("MST", "8500000001", "active", "I56")
    import_file(
        client,
        registry(
            tmp_path,
            "8500000001,,A,enterprise,suspended,2026-11-01,G47,001,,,8500000009,",
            f"8500000002,{PERSON},B,household,active,,I55,079,,,,",
        ),
        keyring.pseudonyms,
    )
    running._asked = float("-inf")
    running.refresh()
    today = str(vietnam_day(now_us()))
    yesterday = str(vietnam_day(now_us()) - timedelta(days=1))
    for known in (running, snapshot(client, keyring)):
        assert ask(known, "8500000001", "2026-10-31") == ("MST", "8500000001", "active", "I56")
        assert ask(known, "8500000001", yesterday) == ("MST", "8500000001", "suspended", "I56")
        assert ask(known, "8500000001", today) == ("MST", "8500000001", "suspended", "G47")
        assert ask(known, "8500000001", today, between) == ("MST", "8500000001", "active", "I56")
        assert ask(known, "8500000009", today) == ("LEGACY_MST", "8500000001", "suspended", "G47")
        assert ask(known, PERSON, "2020-01-01")[:2] == ("PERSONAL_ID", "8500000002")
        assert ask(known, PERSON, "2020-01-01", between)[:2] != ("PERSONAL_ID", "8500000002")


def test_an_import_that_was_cut_off_does_not_count(client: Client, keyring: Keyring, tmp_path: Path) -> None:
    line = "8600000001,,A,enterprise,active,,I56,001,,,,"
    (rows,) = checked(registry(tmp_path, line).open("rb"))
    cut, day = Version(client), pa.array([date(2026, 11, 20)])
    cut.write(ready(keyring.pseudonyms, rows, day, day, np.zeros(1, np.int64), cut.number).statements)
    assert ask(snapshot(client, keyring), "8600000001", "2026-11-20")[0] == "UNKNOWN"
    import_file(client, registry(tmp_path, line), keyring.pseudonyms)
    assert ask(snapshot(client, keyring), "8600000001", "2026-11-20")[0] == "MST"
