"""Amounts in words and back."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_schema.words import number, words

WRITTEN = {
    0: "Không đồng",
    4: "Bốn đồng",
    5: "Năm đồng",
    10: "Mười đồng",
    14: "Mười bốn đồng",
    15: "Mười lăm đồng",
    21: "Hai mươi mốt đồng",
    24: "Hai mươi tư đồng",
    55: "Năm mươi lăm đồng",
    100: "Một trăm đồng",
    101: "Một trăm linh một đồng",
    110: "Một trăm mười đồng",
    1_005: "Một nghìn không trăm linh năm đồng",
    10_000: "Mười nghìn đồng",
    1_050_000: "Một triệu không trăm năm mươi nghìn đồng",
    1_234_005: "Một triệu hai trăm ba mươi tư nghìn không trăm linh năm đồng",
    10**9: "Một tỷ đồng",
    10**9 + 5_000: "Một tỷ không trăm linh năm nghìn đồng",
    2 * 10**12: "Hai nghìn tỷ đồng",
    10**15: "Một triệu tỷ đồng",
    10**18: "Một tỷ tỷ đồng",
    10**21: "Một nghìn tỷ tỷ đồng",
    -50_000: "Âm năm mươi nghìn đồng",
}

READ = {
    "Một trăm lẻ một đồng chẵn": 101,
    "một ngàn không trăm linh năm": 1_005,
    "Một nghìn linh năm đồng": 1_005,
    "Một tỉ đồng": 10**9,
    "Hai mươi bốn nghìn đồng": 24_000,
    "Hai mươi nhăm nghìn đồng": 25_000,
    "Hai mươi năm nghìn đồng": 25_000,
    "Hai mươi một nghìn đồng": 21_000,
    "Ba mốt nghìn": 31_000,
    "Bẩy mươi nghìn đồng": 70_000,
    "một triệu, năm mươi nghìn đồng./.": 1_050_000,
    "MỘT TRIỆU ĐỒNG CHẴN.": 1_000_000,
    "Một triệu đồng Việt Nam": 1_000_000,
    "Một triệu VNĐ": 1_000_000,
    "  Âm năm mươi nghìn đồng ": -50_000,
    "Không trăm linh năm đồng": 5,
    "Không": 0,
}

NOTHING = [
    "",
    "đồng",
    "1.000.000",
    "Một triệu đô la",
    "nghìn đồng",
    "một một đồng",
    "âm",
    "một nghìn triệu",
    "phẩy năm",
]


@pytest.mark.parametrize(("amount", "text"), WRITTEN.items())
def test_written(amount: int, text: str) -> None:
    assert words(amount) == text
    assert words(Decimal(amount)) == text
    assert number(text) == amount


@pytest.mark.parametrize(("text", "amount"), READ.items())
def test_read(text: str, amount: int) -> None:
    assert number(text) == amount


@pytest.mark.parametrize("text", NOTHING)
def test_not_an_amount(text: str) -> None:
    assert number(text) is None


def test_decimals() -> None:
    assert words(Decimal("1234.50")) == "Một nghìn hai trăm ba mươi tư phẩy năm đồng"
    assert words(Decimal("0.05")) == "Không phẩy không năm đồng"
    assert number("Một phẩy không năm đồng") == Decimal("1.05")
    assert number("Một phẩy hai mươi lăm đồng") == Decimal("1.25")


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity")])
def test_no_words_for_what_is_not_finite(amount: Decimal) -> None:
    with pytest.raises(ValueError, match="finite"):
        words(amount)


AMOUNTS = st.integers(min_value=-(10**21), max_value=10**21) | st.builds(
    lambda digit, power: digit * 10**power, st.integers(-999, 999), st.integers(0, 18)
)


@given(AMOUNTS)
def test_inverse(amount: int) -> None:
    assert number(words(amount)) == amount


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=6))
def test_inverse_with_decimals(amount: Decimal) -> None:
    assert number(words(amount)) == amount


VARIANTS = {
    "linh": ["lẻ", "linh"],
    "nghìn": ["ngàn", "nghìn"],
    "tỷ": ["tỉ", "tỷ"],
    "tư": ["bốn", "tư"],
    "lăm": ["nhăm", "năm", "lăm"],
    "mốt": ["một", "mốt"],
    "bảy": ["bẩy", "bảy"],
    "đồng": ["", "đồng", "đồng chẵn", "đồng."],
}


@given(AMOUNTS, st.data())
def test_every_way_of_writing_is_read(amount: int, data: st.DataObject) -> None:
    said = " ".join(data.draw(st.sampled_from(VARIANTS.get(word, [word]))) for word in words(amount).lower().split())
    form = data.draw(st.sampled_from(["NFC", "NFD"]))
    case = data.draw(st.sampled_from([str.upper, str.lower, str.title, str.capitalize]))
    assert number(unicodedata.normalize(form, case(said))) == amount


@given(st.integers(min_value=0, max_value=10**12))
def test_hundreds_may_be_left_out(amount: int) -> None:
    assert number(words(amount).replace("không trăm ", "")) == amount


@given(st.text())
def test_never_raises(text: str) -> None:
    number(text)


def test_endless_text_is_no_amount() -> None:
    assert number("một " + "tỷ " * 5_000) is None
