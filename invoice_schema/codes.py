"""Code lists of the format, with the words people read. What the XSD enumerates is the same there (a test compares).

A rate (TSuat) is no code list: its values are compared by value, see `rules.rates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    vi: str
    en: str


CodeList = Mapping[str, Words]


def _list(**words: tuple[str, str]) -> CodeList:
    return MappingProxyType({code.removeprefix("_"): Words(*pair) for code, pair in words.items()})


MLTDIEP: Final = _list(
    _206=("hóa đơn từ máy tính tiền đã có mã", "cash-register invoices that carry their code"),
    _216=("hóa đơn từ máy tính tiền không có mã", "cash-register invoices without a code"),
    _999=("phản hồi kỹ thuật", "technical answer"),
    _204=("kết quả kiểm tra dữ liệu", "result of the check"),
)
KHMSHDON: Final = _list(
    _1=("hóa đơn giá trị gia tăng", "VAT invoice"),
    _2=("hóa đơn bán hàng", "sales invoice"),
    _3=("hóa đơn bán tài sản công", "invoice of public property"),
    _4=("hóa đơn bán hàng dự trữ quốc gia", "invoice of national reserves"),
    _5=("tem, vé, thẻ, hóa đơn khác", "stamps, tickets and other invoices"),
    _6=("phiếu xuất kho", "delivery note"),
    _7=("loại khác", "other"),
    _8=("loại khác", "other"),
    _9=("loại khác", "other"),
)
TCHAT: Final = _list(
    _1=("hàng hóa, dịch vụ", "goods or service"),
    _2=("khuyến mại", "promotion"),
    _3=("chiết khấu thương mại", "trade discount"),
    _4=("ghi chú, diễn giải", "note"),
    _5=("hàng hóa đặc trưng", "special goods"),
)
TCHDON: Final = _list(
    _1=("thay thế", "replacement"),
    _2=("điều chỉnh", "adjustment"),
    _5=("chiết khấu thương mại", "trade discount"),
)
KDLIEU: Final = _list(
    string=("chuỗi ký tự", "text"),
    numeric=("số", "number"),
    dateTime=("ngày giờ", "date and time"),
    date=("ngày", "date"),
)
TTTNHAN: Final = _list(
    _0=("đã nhận", "received"),
    _1=("không nhận", "refused"),
)
LTBAO: Final = _list(
    _2=("cả gói hợp lệ", "the whole package is valid"),
    _7=("có hóa đơn từ máy tính tiền không hợp lệ", "the package holds bad cash-register invoices"),
    _9=("dữ liệu không hợp lệ khác", "other invalid data"),
)
