"""What the text output says besides the rules' own texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rules.rule import Lang, Text

WORDS: Final[Mapping[str, Text]] = {
    "P": Text("từ chối cả gói", "rejects the package"),
    "E": Text("từ chối hóa đơn", "rejects the invoice"),
    "W": Text("cảnh báo", "warning"),
    "I": Text("thông tin", "information"),
    "accepted": Text("được chấp nhận", "accepted"),
    "partly_rejected": Text("bị từ chối một phần", "partly rejected"),
    "rejected": Text("bị từ chối", "rejected"),
    "not_judged": Text("chưa xét vì gói bị từ chối", "not judged, their package being refused"),
    "invoice": Text("Hóa đơn", "Invoice"),
    "place": Text("Vị trí", "Place"),
    "detail": Text("Chi tiết", "Detail"),
    "hint": Text("Cách sửa", "To mend"),
    "basis": Text("Căn cứ", "Law"),
    "key": Text("{form}{series} số {number}", "{form}{series} number {number}"),
    "keyless": Text("không đọc được ký hiệu và số", "key not readable"),
    "documents": Text("tài liệu", "documents"),
    "invoices": Text("hóa đơn", "invoices"),
    "code": Text("Mã", "Code"),
    "times": Text("Số lần", "Findings"),
    "on": Text("Hóa đơn", "Invoices"),
    "rule": Text("Quy tắc", "Rule"),
    "left_out": Text(
        "Còn {count} lỗi không hiển thị; dùng --max-findings 0 để xem tất cả.",
        "{count} more findings are not shown; --max-findings 0 shows all.",
    ),
}


def say(name: str, lang: Lang, **values: str) -> str:
    return WORDS[name].say(lang, values)


def number(count: int, lang: Lang) -> str:
    """Thousands apart: 12.345 in Vietnamese, 12,345 in English."""
    text = f"{count:,}"
    return text.replace(",", ".") if lang == "vi" else text
