"""PAY: what payments say of invoices, found once a day is closed and found anew whenever its facts change.

The matches are reconciliation's (docs/reconciliation.md); these findings never change a 204.
"""

from __future__ import annotations

from rules.rule import Rule, Text

RULES = (
    Rule(
        "PAY-01",
        "I",
        "ctx",
        Text("Chưa thấy thanh toán không dùng tiền mặt", "No non-cash payment seen"),
        Text(
            "Hóa đơn {total} đồng cho đơn vị mua, từ ngưỡng {threshold} đồng trở lên, chưa khớp với thanh toán "
            "không dùng tiền mặt nào.",
            "Invoice of {total} VND to a business, at or above {threshold} VND, without a matched non-cash payment.",
        ),
        Text(
            "Bên mua cần chứng từ thanh toán không dùng tiền mặt để khấu trừ thuế.",
            "The buyer needs evidence of a non-cash payment to deduct the tax.",
        ),
        {
            "A": "TT 219/2013/TT-BTC Điều 15",
            "": "Luật 48/2024/QH15 Điều 14.2; NĐ 181/2025/NĐ-CP Điều 26",
        },
        example="hóa đơn 5.400.000 đồng cho công ty, không có thanh toán cùng số tiền trong ngày",
    ),
    Rule(
        "PAY-02",
        "W",
        "ctx",
        Text("Có thanh toán nhưng không có hóa đơn", "Payments without an invoice"),
        Text(
            "Ngày {day}: {payments} khoản thanh toán, {amount} {currency} không có hóa đơn tương ứng.",
            "On {day}: {payments} payments, {amount} {currency} of them without an invoice.",
        ),
        Text(
            "Kiểm tra và lập hóa đơn cho các khoản bán hàng chưa lập.",
            "Check, and issue the invoices of sales that have none.",
        ),
        {"": "NĐ 254/2026/NĐ-CP Điều 15.3, Điều 40.2"},
        example="tiền vào tài khoản 174.000 đồng, hết ngày không có hóa đơn nào",
    ),
    Rule(
        "PAY-03",
        "W",
        "ctx",
        Text("Hoàn tiền mà không điều chỉnh hóa đơn", "A refund without an adjustment"),
        Text(
            "Ngày {day} hoàn {amount} {currency} nhưng không có hóa đơn thay thế hoặc điều chỉnh tương ứng.",
            "{amount} {currency} refunded on {day} without a replacement or an adjustment.",
        ),
        Text(
            "Lập hóa đơn điều chỉnh cho hàng bán bị trả lại, hoặc hóa đơn thay thế.",
            "Adjust the invoice for goods returned, or replace it.",
        ),
        {"": "TT 91/2026/TT-BTC Điều 10"},
        example="hoàn 55.000 đồng qua ví, không có hóa đơn điều chỉnh trong 7 ngày",
    ),
)
