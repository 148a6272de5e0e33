from __future__ import annotations

import pytest
from clickhouse_connect.driver.transform import extract_exception_with_tag

from storage import protocol
from storage.protocol import Failure, Summary
from storage.statement import Refused


def test_url_is_sorted_into_settings_parameters_and_protocol() -> None:
    query = b"query=SELECT+1&database=hoadon&max_threads=2&param_a=x%2By&wait_end_of_query=1&session_id=s&readonly=1"
    found = protocol.request("POST", query, {}, b"body")
    assert (found.text, found.body, found.database) == (b"SELECT 1", b"body", "hoadon")
    assert (found.settings, found.parameters) == ({"max_threads": "2"}, {"a": "x+y"})
    assert (found.readonly, found.whole, found.format) == (1, True, "TabSeparated")


def test_get_only_reads() -> None:
    assert protocol.request("GET", b"query=SELECT+1", {}, b"").readonly == 2


@pytest.mark.parametrize(
    ("query", "code"), [(b"a%3D1;b=2", 115), (b"x+y=1", 115), (b"compress=1", 48), (b"readonly=7", 36)]
)
def test_refused_parameters(query: bytes, code: int) -> None:
    with pytest.raises(Refused) as found:
        protocol.request("POST", query, {}, b"")
    assert found.value.code == code


def test_form_fields_are_parameters() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT {a:String}\r\n'
        b'--b\r\nContent-Disposition: form-data; name="param_a"\r\n\r\nPh\xe1\xbb\x9f\r\n--b--\r\n'
    )
    found = protocol.request("POST", b"", {"content-type": "multipart/form-data; boundary=b"}, body)
    assert (found.text, found.body, found.parameters) == (b"SELECT {a:String}", b"", {"a": "Phở"})


def test_external_data_is_refused() -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n\r\n1\r\n--b--\r\n'
    with pytest.raises(Refused) as found:
        protocol.request("POST", b"", {"content-type": "multipart/form-data; boundary=b"}, body)
    assert found.value.code == 48


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("Code: 60. DB::Exception: no table. (UNKNOWN_TABLE)", 60, 404),
        ("Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)", 62, 400),
        ("Code: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED)", 159, 408),
        ("x: Code: 73. DB::Exception: Code: 241. DB::Exception: memory. (A)", 241, 500),
        ("something else", 1002, 500),
    ],
)
def test_code_and_status_of_an_engine_error(text: str, code: int, status: int) -> None:
    found = protocol.failure(RuntimeError(text))
    assert (found.code, found.status) == (code, status)
    assert found.text.startswith("Code: ")


def test_driver_reads_a_framed_error() -> None:
    tag = protocol.tag()
    framed = protocol.framed(Failure(395, "Code: 395. DB::Exception: thrown: «Phở». (X)"), tag)
    assert extract_exception_with_tag(b"data" + framed, tag) == "Code: 395. DB::Exception: thrown: «Phở». (X)"
    assert extract_exception_with_tag(b"data" + framed, "other") is None


def test_summary_counts_are_texts() -> None:
    assert '"written_rows":"7"' in Summary(written_rows=7).header()
