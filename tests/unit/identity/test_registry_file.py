"""The registry's CSV: what its rows become, and that a bad one is named without a personal ID."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pyarrow as pa
import pytest
from pyarrow import parquet

from identity.registry_file import COLUMNS, BadRows, NoRegistry, blocks, checked, dates, no_provinces

HEADER = ",".join(COLUMNS)
PERSON = "001090000000"
SOUND = "9900000016,,A,enterprise,active,2024-02-29,,,,,,"


def file(*lines: str, header: str = HEADER) -> BytesIO:
    return BytesIO("\n".join([header, *lines, ""]).encode())


def test_rows_are_trimmed_and_codes_canonical() -> None:
    (rows,) = checked(file(f' 9900000016-001 ,{PERSON}," Phở ""Hà"", CN 1 ",household,active,,,,,,9900000023-002 ,'))
    (row,) = rows.to_pylist()
    assert (row["mst"], row["legacy_mst"]) == ("9900000016001", "9900000023002")
    assert (row["personal_id"], row["name"], row["status_since"]) == (PERSON, 'Phở "Hà", CN 1', "")


def test_what_is_no_province_is_counted() -> None:
    (rows,) = checked(
        file(
            *(
                f"99000000{at},,A,enterprise,active,,,{name},,,,"
                for at, name in enumerate(("Kon Tum", "Mars", "Mars", ""), 10)
            )
        )
    )
    assert rows["province"].to_pylist() == ["Quảng Ngãi", "Mars", "Mars", ""]
    assert no_provinces(rows) == {"Mars": 2}


def test_columns_stand_in_any_order_behind_a_byte_order_mark() -> None:
    header = "\ufeff" + ",".join(reversed(COLUMNS))
    (rows,) = checked(file(",".join(reversed(SOUND.split(","))), header=header))
    assert rows.to_pylist()[0]["mst"] == "9900000016"
    assert dates(rows["status_since"]).to_pylist() == [date(2024, 2, 29)]


def test_no_row_is_no_problem() -> None:
    assert list(checked(file())) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("9900000023,1234,A,enterprise,active,,,,,,,", "row 3: personal_id"),
        ("9900000023,,A,enterprise,active,2023-02-29,,,,,,", "row 3: status_since is no day"),
        ("9900000023,,A,enterprise,active", "row 3: wrong number of columns"),
        (f"9900000023,,{'A' * 1_001},enterprise,active,,,,,,,", "row 3: name has more than"),
        (f"9900000023,,A,enterprise,active,,,{'Huế' * 50},,,,", "row 3: province has more than"),
        (" 99000 00016,,A,enterprise,closed,,,,,,,", "row 3: mst stands in the file before"),
        (f"{PERSON}0a,{PERSON}x,,household,active,,,,,,,", "row 3: mst has no valid form"),
    ],
)
def test_a_bad_row_is_named_at_the_end(line: str, problem: str) -> None:
    rows = checked(file(SOUND, line))
    assert next(rows)["mst"][0].as_py() == "9900000016"
    with pytest.raises(BadRows) as found:
        next(rows)
    assert problem in str(found.value)
    assert PERSON not in str(found.value)


@pytest.mark.parametrize(
    "content", [b"", b"mst,kind\n1,2\n", HEADER.encode() + b"\n9900000016,,\xff\xfe,enterprise,active,,,,,,,\n"]
)
def test_what_is_no_registry(content: bytes) -> None:
    with pytest.raises(NoRegistry):
        list(blocks(BytesIO(content)))


def test_a_column_that_is_named_twice_is_none() -> None:
    for again in ("mst", '"mst"'):
        with pytest.raises(NoRegistry, match="twice"):
            list(blocks(file(SOUND + ",9900000023", header=f"{HEADER},{again}")))


@pytest.mark.parametrize(
    "accounts", [pa.array([["970436:1"]]), pa.array([["970436:1"]], pa.large_list(pa.large_string())), pa.array([[]])]
)
def test_in_parquet_accounts_may_be_lists(accounts: pa.Array) -> None:
    values = {name: pa.array([text]) for name, text in zip(COLUMNS, SOUND.split(","), strict=True)}
    written = BytesIO()
    parquet.write_table(pa.table(values | {"accounts": accounts}), written)
    (rows,) = checked(written)
    assert rows["accounts"].to_pylist() == [";".join(accounts.to_pylist()[0])]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([100000001001]),  # 0100000001001, a branch, would be a personal ID
        pa.array([1.5]),
        pa.array([b"9900000016"]),
        pa.array([["9900000016"]]).cast(pa.list_(pa.binary())),
        pa.array([True]),
    ],
)
def test_in_parquet_codes_are_texts(column: pa.Array) -> None:
    values = {name: pa.array([text]) for name, text in zip(COLUMNS, SOUND.split(","), strict=True)}
    sound, wrong = BytesIO(), BytesIO()
    parquet.write_table(pa.table(values | {"name": pa.array(["A"]).dictionary_encode()}), sound)
    parquet.write_table(pa.table(values | {"mst": column}), wrong)
    assert [rows["mst"].to_pylist() for rows in checked(sound)] == [["9900000016"]]
    with pytest.raises(NoRegistry):
        list(checked(wrong))
