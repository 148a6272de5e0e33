"""KEY-07, KEY-08, COR-03, COR-04, SEQ-02: what came before (decided by rules.settle)."""

from __future__ import annotations

from rules.rule import Basis, Rule, Text

_CONTENT: Basis = {
    "A": "NĐ 123/2020/NĐ-CP Điều 10; QĐ 1450/QĐ-TCT, QĐ 1510/QĐ-TCT",
    "B": "NĐ 123/2020/NĐ-CP Điều 10 (NĐ 70/2025/NĐ-CP); QĐ 1306/QĐ-CT",
    "C": "NĐ 254/2026/NĐ-CP Điều 10; QĐ 1306/QĐ-CT",
}
_CODE: Basis = {
    "A": "NĐ 123/2020/NĐ-CP Điều 11; QĐ 1510/QĐ-TCT",
    "B": "NĐ 123/2020/NĐ-CP Điều 11 (NĐ 70/2025/NĐ-CP); QĐ 1306/QĐ-CT",
    "C": "NĐ 254/2026/NĐ-CP Điều 10.4; QĐ 1306/QĐ-CT",
}
_CORRECTION: Basis = {
    "A": "NĐ 123/2020/NĐ-CP Điều 19; TT 78/2021/TT-BTC Điều 7",
    "B": "NĐ 123/2020/NĐ-CP Điều 19 (NĐ 70/2025/NĐ-CP); TT 32/2025/TT-BTC",
    "C": "TT 91/2026/TT-BTC Điều 10",
}

RULES = (
    Rule(
        "KEY-07",
        "E",
        "ctx",
        Text("Trùng số hóa đơn với nội dung khác", "Number used before with other content"),
        Text(
            "Hóa đơn {khmshdon}{khhdon} số {shdon} đã được tiếp nhận trước đây với nội dung khác.",
            "Invoice {khmshdon}{khhdon} number {shdon} was accepted before with other content.",
        ),
        Text(
            "Lập hóa đơn với số mới; sai sót của hóa đơn đã gửi thì thay thế hoặc điều chỉnh.",
            "Issue under a new number; mend an invoice already sent by a replacement or an adjustment.",
        ),
        _CONTENT,
        example="C26MAA số 12 gửi hai lần, tổng tiền khác nhau",
    ),
    Rule(
        "KEY-08",
        "E",
        "ctx",
        Text("Trùng mã của cơ quan thuế", "Code of the tax authority used before"),
        Text(
            "MCCQT {mccqt} đã được dùng cho hóa đơn {khmshdon}{khhdon} số {shdon}.",
            "MCCQT {mccqt} was used before by invoice {khmshdon}{khhdon} number {shdon}.",
        ),
        Text(
            "Cấp cho mỗi hóa đơn một mã riêng; số thứ tự 11 chữ số tăng dần trong năm.",
            "Give each invoice a code of its own; the sequence of 11 digits rises within the year.",
        ),
        _CODE,
        example="hai hóa đơn cùng mang M1-26-ABCDE-00000000001",
    ),
    Rule(
        "COR-03",
        "W",
        "ctx",
        Text("Hóa đơn liên quan chưa được biết", "Corrected invoice not known"),
        Text(
            "Chưa nhận được hóa đơn {khmshdon}{khhdon} số {shdon} của người bán này.",
            "Invoice {khmshdon}{khhdon} number {shdon} of this seller is not known.",
        ),
        Text(
            "Kiểm tra KHMSHDCLQuan, KHHDCLQuan và SHDCLQuan; gửi hóa đơn gốc nếu chưa gửi.",
            "Check KHMSHDCLQuan, KHHDCLQuan and SHDCLQuan; send the original invoice if it was not sent.",
        ),
        _CORRECTION,
        example="thay thế C26MAA số 7 khi số 7 chưa được tiếp nhận",
    ),
    Rule(
        "COR-04",
        "E",
        "ctx",
        Text("Hóa đơn liên quan đã bị thay thế", "Corrected invoice was replaced already"),
        Text(
            "Hóa đơn {khmshdon}{khhdon} số {shdon} đã bị thay thế bởi {by_khmshdon}{by_khhdon} số {by_shdon}.",
            "Invoice {khmshdon}{khhdon} no. {shdon} was replaced already by {by_khmshdon}{by_khhdon} no. {by_shdon}.",
        ),
        Text(
            "Thay thế hoặc điều chỉnh hóa đơn thay thế mới nhất.",
            "Replace or adjust the latest replacement instead.",
        ),
        _CORRECTION,
        example="số 8 rồi số 9 cùng thay thế số 7",
    ),
    Rule(
        "SEQ-02",
        "W",
        "ctx",
        Text("Số và ngày lập không cùng thứ tự", "Numbers and issue dates out of order"),
        Text(
            "Số {shdon} lập ngày {nlap}, nhưng số {other_shdon} của cùng ký hiệu lập ngày {other_nlap}.",
            "Number {shdon} is of {nlap}, but number {other_shdon} of the series is of {other_nlap}.",
        ),
        Text(
            "Đánh số liên tục theo thời gian lập; kiểm tra đồng hồ và bộ đếm của máy tính tiền.",
            "Number invoices in the order of issue; check clock and counter of the cash register.",
        ),
        _CONTENT,
        example="số 12 lập ngày 2026-11-20, số 11 lập ngày 2026-11-21",
    ),
)
