"""ENV-11 and SIG-01: signatures, verified where they are and never demanded (docs/signatures.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lxml import etree

from invoice_schema.findings import Finding
from invoice_schema.signatures.trust import Trust
from rules.rule import Rule, Text

_MESSAGE = Text("Chữ ký số không hợp lệ: {reason}.", "The signature does not verify: {reason}.")


def unverified(
    hdons: Sequence[etree._Element], trust: Trust, received_us: int | None
) -> Mapping[int, Sequence[Finding]]:
    """SIG-01 by the place of the HDon, from 0."""
    signed = [(place, hdon) for place, hdon in enumerate(hdons) if hdon.find("DSCKS") is not None]
    if not signed:
        return {}
    from invoice_schema.signatures.check import invoice_failures

    found = {}
    for place, hdon in signed:
        failures = invoice_failures(hdon, trust, received_us)
        if failures:
            path = f"/TDiep/DLieu/HDon[{place + 1}]/DSCKS"
            found[place] = [
                Finding("SIG-01", f"{path}/{etree.QName(holder).localname}", holder.sourceline, {"reason": reason})
                for holder, reason in failures
            ]
    return found


RULES = (
    Rule(
        "ENV-11",
        "P",
        "doc",
        Text("Chữ ký số trên gói không hợp lệ", "The package's signature does not verify"),
        _MESSAGE,
        Text(
            "Ký lại TDiep hoặc DLieu bằng chứng thư số còn hiệu lực của MST hoặc của nơi gửi, sau khi mọi nội dung đã "
            "xong; hoặc bỏ CKSNNT.",
            "Sign TDiep or DLieu again, once everything in it is final, with a valid certificate of the MST or of the "
            "sender; or leave CKSNNT out.",
        ),
        {
            "": "QĐ 1510/QĐ-TCT (2022), QĐ 1306/QĐ-CT (2025); Luật Giao dịch điện tử 20/2023/QH15",
        },
        example="<TTChung><SLuong>2</SLuong> sửa sau khi ký CKSNNT",
    ),
    Rule(
        "SIG-01",
        "E",
        "doc",
        Text("Chữ ký số trên hóa đơn không hợp lệ", "A signature of the invoice does not verify"),
        _MESSAGE,
        Text(
            "Ký lại DLHDon bằng chứng thư số còn hiệu lực có MST của người bán, sau khi mọi nội dung đã xong. "
            "Hóa đơn từ máy tính tiền cũng có thể không ký.",
            "Sign DLHDon again, once everything in it is final, with a valid certificate of the seller's MST. "
            "A cash-register invoice may also go without a signature.",
        ),
        {
            "A": "NĐ 123/2020/NĐ-CP Điều 10.7; Luật Giao dịch điện tử 20/2023/QH15",
            "B": "NĐ 123/2020/NĐ-CP Điều 10.7, NĐ 70/2025/NĐ-CP; Luật Giao dịch điện tử 20/2023/QH15",
            "C": "NĐ 254/2026/NĐ-CP Điều 8.9; Luật Giao dịch điện tử 20/2023/QH15",
        },
        example="<DGia>50000</DGia> sửa thành <DGia>60000</DGia> sau khi ký",
    ),
)
