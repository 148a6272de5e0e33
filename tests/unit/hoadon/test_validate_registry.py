"""`hoadon validate --registry`: the CSV is read, its rules run, what is wrong with it is one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from identity.registry_file import COLUMNS
from tests.support.samples import HOUSEHOLD, SELLER, household, invoice, package
from tests.support.stack import environment

HEADER = ",".join(COLUMNS)
WITHOUT_THE_STORE = """
import sys
for name in ("clickhouse_connect", "faust", "cryptography"):
    sys.modules[name] = None
from hoadon.cli import main
main()
"""


def validate(folder: Path, *rows: str, header: str = HEADER, body: bytes) -> subprocess.CompletedProcess[str]:
    (folder / "registry.csv").write_text("\n".join([header, *rows, ""]), "utf-8-sig")
    (folder / "one.xml").write_bytes(body)
    command = [sys.executable, "-c", WITHOUT_THE_STORE, "validate", "--format", "json", "--registry"]
    paths = [str(folder / "registry.csv"), str(folder / "one.xml")]
    return subprocess.run([*command, *paths], capture_output=True, text=True, timeout=60, env=environment())


def test_the_rules_on_the_registry_run(tmp_path: Path) -> None:
    body = package([invoice(), invoice(shdon=2, buyer={"CCCDan": HOUSEHOLD})])
    result = validate(tmp_path, f"{HOUSEHOLD},{HOUSEHOLD},Bún,household,active,,,,,,,", body=body)
    (document,) = json.loads(result.stdout)["documents"]
    codes = [[finding["code"] for finding in one["findings"]] for one in document["invoices"]]
    assert (result.returncode, result.stderr, codes) == (1, "", [["ID-02"], ["ID-02", "ID-08"]])


def test_a_known_seller_is_accepted(tmp_path: Path) -> None:
    row = f"{HOUSEHOLD},{HOUSEHOLD},Hộ kinh doanh Mẫu Thử,household,active,,,,ABCDE,,,"
    result = validate(tmp_path, row, body=package([household()], mst=HOUSEHOLD))
    (document,) = json.loads(result.stdout)["documents"]
    assert (result.returncode, document["invoices"][0]["findings"]) == (0, [])


@pytest.mark.parametrize(
    ("header", "row", "problem"),
    [
        ("mst,name", f"{SELLER},A", "the header must name"),
        (HEADER, f"{SELLER},{HOUSEHOLD}1,A,enterprise,active,,,,,,,", "row 2: personal_id is not 12 digits"),
    ],
)
def test_a_bad_registry_is_one_line(tmp_path: Path, header: str, row: str, problem: str) -> None:
    result = validate(tmp_path, row, header=header, body=package())
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert problem in line
    assert HOUSEHOLD not in line
