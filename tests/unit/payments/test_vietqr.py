from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.vietqr import BadQr, VietQr, crc, parse, write

STATIC = "00020101021138570010A00000072701270006970403011200110123456780208QRIBFTTA53037045802VN6304"


def signed(text: str) -> str:
    return text + crc(text)


def test_the_published_vector() -> None:
    """Its account has a character more than it says."""
    assert crc(STATIC) == "F4E5"
    assert parse(STATIC + "F4E5") == VietQr("970403", "0011012345678", "QRIBFTTA")


def test_the_check_value_of_the_crc() -> None:
    assert crc("123456789") == "29B1"


def test_a_dynamic_code_says_what_it_is_for() -> None:
    qr = VietQr("970436", "0123456789", "QRIBFTTA", Decimal(174_000), "HD000123", "REF 9", "POS7", "Thanh toán")
    text = write(qr)
    assert "010212" in text and "5406174000" in text
    assert parse(text) == qr


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "form"),
        ("x" * 600, "form"),
        (STATIC + "F4E6", "crc"),
        (STATIC.replace("VN", "US") + "F4E5", "crc"),
        (STATIC[:-4], "form"),
        (STATIC + "F4E5" + "0000", "form"),
        (signed(STATIC.replace("A000000727", "A000000001")), "not_vietqr"),
        (signed(STATIC.replace("5303704", "5303840")), "currency"),
        (signed(STATIC.replace("5303704", "53037045401x")), "amount"),
        (signed(STATIC.replace("5303704", "530370454010")), "amount"),
        (signed(STATIC.replace("5802VN", "5802VN5802VN")), "form"),
        (signed(STATIC.replace("5802VN", "58²2VN")), "form"),
        (signed(STATIC.replace("5802VN", "5899VN")), "form"),
        (signed(STATIC.replace("000201", "000202")), "form"),
    ],
)
def test_what_is_no_code(text: str, code: str) -> None:
    with pytest.raises(BadQr) as told:
        parse(text)
    assert told.value.code == code


def test_a_value_that_is_too_long_is_not_written() -> None:
    with pytest.raises(BadQr):
        write(VietQr("970436", "1", "QRIBFTTA", purpose="x" * 100))


_word = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


@given(
    st.builds(
        VietQr,
        st.from_regex(r"[0-9]{6}", fullmatch=True),
        st.from_regex(r"[0-9A-Z]{1,19}", fullmatch=True),
        st.sampled_from(["QRIBFTTA", "QRIBFTTC", "QRPUSH"]),
        st.none() | st.integers(1, 10**13 - 1).map(Decimal),
        _word,
        _word,
        _word,
        _word,
    )
)
def test_what_is_written_is_read(qr: VietQr) -> None:
    assert parse(write(qr)) == qr


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(BadQr):
        parse(text)
