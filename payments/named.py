"""What the text of a payment names: invoices by number or receipt, and what it tells of a settlement.

The forms stand in docs/reconciliation.md, "What a text names". Column by column; no text is looked at on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

MONEY: Final = pl.Decimal(38, 6)

_SERIES: Final = r"\b[0-9]?[CK][0-9]{2}[A-Z]{3}[ ./-]*0*[1-9][0-9]{0,7}\b"
_MARKED: Final = (
    r"\b(?:HD|HOADON|HOA DON|HÓA ĐƠN|HOÁ ĐƠN|BILL|INVOICE|INV)[ .:#/-]*(?:(?:SO|SỐ|NO)\b[ .:#/-]*)?"
    r"[0-9]{1,8}(?: *[,;+&] *[0-9]{1,8})*\b(?:[/.][0-9])?"
)
_DATE: Final = r"(?: *[,;+&] *)?[0-9]+[/.][0-9]$"
_BARE: Final = r"^#*0*([1-9][0-9]{0,7})$"
_CODE: Final = r"[\p{L}\p{N}._/-]{4,}"
_EDGES: Final = "._/-"
_SETTLES: Final = r"\b(?:SETTLE|SETTLEMENT|QUYET TOAN|QUYẾT TOÁN|DOI SOAT|ĐỐI SOÁT)\b"
_AMOUNT: Final = (
    r"[ .:=]*([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
    r"(?:VNĐ|VND|Đ|D)?(?:[^\w.,]|[.,](?:[^0-9]|$)|$)"
)
_GROSS: Final = rf"\b(?:TONG|TỔNG|GROSS){_AMOUNT}"
_FEE: Final = rf"\b(?:PHI|PHÍ|FEE){_AMOUNT}"
_DAY: Final = (
    r"(?:^|[\s,;().])((?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}|[0-9]{2}/[0-9]{2}/(?:19|20)[0-9]{2}|20[0-9]{6})"
    r"(?:$|[\s,;().])"
)
_DAYS: Final = ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d")
_MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Named:
    """By payment (`p`).

    `texts`: day, amount, reference and the whole `text`, in capitals. `numbers`: `series` ('' unknown), `number`.
    `codes`: words that may be a receipt. `settling`: the payments that speak of a settlement.
    """

    texts: pl.DataFrame
    numbers: pl.DataFrame
    codes: pl.DataFrame
    settling: pl.Series

    def told(self, payments: pl.Series) -> pl.DataFrame:
        """What the texts of some payments tell of a settlement: `gross` (null untold), `told_day`."""
        text = pl.col("text")
        gross, fee = _money(text, _GROSS), _money(text, _FEE)
        day = text.str.extract(_DAY)
        return self.texts.filter(pl.col("p").is_in(payments.implode())).select(
            "p",
            gross=pl.coalesce(gross, fee + pl.col("amount").cast(MONEY)),
            told_day=pl.coalesce(
                *(day.str.to_date(form, strict=False) for form in _DAYS), pl.col("day") - pl.duration(days=1)
            ),
        )


def read(payments: pl.DataFrame, receipts: pl.Series) -> Named:
    """`payments`: p, day, amount, reference, content; words are read where `receipts` says that there are any."""
    texts = _composed(payments.select("p", "day", "amount", "reference", "content", receipts=receipts)).with_columns(
        reference=pl.col("reference").str.to_uppercase().str.strip_chars(),
        text=pl.concat_str("reference", pl.lit(" "), "content").str.to_uppercase(),
    )
    numbers = _numbers(texts)
    several = numbers.filter(pl.col("number").n_unique().over("p") > 1)["p"].unique()
    settling = texts.filter(pl.col("p").is_in(several.implode()) | pl.col("text").str.contains(_SETTLES))["p"]
    return Named(texts, numbers, _codes(texts.filter("receipts")), settling)


def normal(column: str) -> pl.Expr:
    """A text in capitals without spaces, in NFC."""
    return pl.col(column).str.normalize("NFC").str.to_uppercase().str.replace_all(r"\s+", "")


def _composed(texts: pl.DataFrame) -> pl.DataFrame:
    """Every text in NFC; nearly all are already."""
    loose = pl.any_horizontal(pl.col("reference", "content").str.contains(r"\p{M}"))
    rows = texts.select(loose).to_series()
    if not rows.any():
        return texts
    composed = texts.filter(rows).with_columns(pl.col("reference", "content").str.normalize("NFC"))
    return pl.concat([texts.filter(~rows), composed])


def _numbers(texts: pl.DataFrame) -> pl.DataFrame:
    strong = texts.select("p", found=pl.col("text").str.extract_all(_SERIES)).explode("found").drop_nulls()
    strong = strong.with_columns(pl.col("found").str.replace("^[0-9]", ""))
    marked = texts.select("p", found=pl.col("text").str.extract_all(_MARKED)).explode("found").drop_nulls()
    bare = texts.select("p", found=pl.col("reference").str.extract(_BARE)).drop_nulls()
    listed = pl.col("found").str.replace(_DATE, "").str.extract_all("[0-9]+")
    weak = pl.concat([marked.with_columns(found=listed).explode("found").drop_nulls(), bare])
    return (
        pl.concat(
            [
                strong.select("p", series=pl.col("found").str.slice(0, 6), digits=pl.col("found").str.slice(6)),
                weak.select("p", series=pl.lit(""), digits="found"),
            ]
        )
        .select("p", "series", number=pl.col("digits").str.replace_all("[^0-9]", "").cast(pl.UInt32))
        .filter(pl.col("number") > 0)
        .unique()
    )


def _codes(texts: pl.DataFrame) -> pl.DataFrame:
    return (
        texts.select("p", code=pl.col("text").str.extract_all(_CODE))
        .explode("code")
        .drop_nulls()
        .with_columns(pl.col("code").str.strip_chars(_EDGES))
        .filter(pl.col("code").str.len_chars() > 3)
        .unique()
    )


def _money(text: pl.Expr, pattern: str) -> pl.Expr:
    digits = text.str.extract(pattern).str.replace_all("[.,]", "")
    return pl.when(digits.str.len_chars() <= _MOST_DIGITS).then(digits).cast(pl.Int64).cast(MONEY)
