"""ENV and XSD: what is decided where a package is opened and validated (invoice_schema), and how it is told."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rules.batch import Batch
from rules.rule import Basis, Hits, Rule, Text

_ENVELOPE: Basis = {"": "QĐ 1450/QĐ-TCT (2021), QĐ 1510/QĐ-TCT (2022), QĐ 1306/QĐ-CT (2025)"}


def missing_amount(batch: Batch) -> Iterable[Hits]:
    """Lines of TChat 1, 3 and 5 must state ThTien: what the XSD cannot say."""
    absent = np.asarray(pc.is_null(batch.columns.raw("HHDVu/ThTien")))
    counts = np.asarray(pc.fill_null(pc.is_in(batch.columns.raw("HHDVu/TChat"), pa.array(["1", "3", "5"])), False))
    valid = batch.columns.valid[batch.columns.owners("HHDVu")]
    yield Hits(
        "HHDVu/ThTien", np.flatnonzero(absent & counts & valid), lambda _row: {"reason": "missing", "element": "ThTien"}
    )


RULES = (
    Rule(
        "ENV-01",
        "P",
        "doc",
        Text("Không đọc được XML", "Not readable as XML"),
        Text(
            "Nội dung rỗng, không phải UTF-8 hoặc XML không đúng cú pháp.", "Empty, not UTF-8 or not well-formed XML."
        ),
        Text("Gửi một thông điệp TDiep bằng UTF-8, đúng cú pháp XML.", "Send one TDiep in UTF-8, well-formed."),
        _ENVELOPE,
        example="<TDiep><TTChung>",
    ),
    Rule(
        "ENV-02",
        "P",
        "doc",
        Text("DOCTYPE, thực thể hoặc chỉ thị xử lý", "DOCTYPE, entity or processing instruction"),
        Text(
            "Tài liệu có DOCTYPE, khai báo thực thể hoặc chỉ thị xử lý.",
            "The document has a DOCTYPE, an entity declaration or a processing instruction.",
        ),
        Text("Bỏ DOCTYPE và mọi chỉ thị <?…?>.", "Leave out the DOCTYPE and every <?…?>."),
        _ENVELOPE,
        example="<!DOCTYPE html>",
    ),
    Rule(
        "ENV-03",
        "P",
        "doc",
        Text("Tài liệu quá lớn", "Document too large"),
        Text("Tài liệu vượt giới hạn {limit} ({max}).", "The document exceeds the limit of {limit} ({max})."),
        Text("Chia thành nhiều thông điệp nhỏ hơn.", "Split it into smaller packages."),
        _ENVELOPE,
        example="5001 HDon trong một thông điệp",
    ),
    Rule(
        "ENV-04",
        "P",
        "doc",
        Text("Phần chung của thông điệp sai", "Bad envelope"),
        Text("Phần chung của thông điệp sai: {problems}.", "The envelope is wrong: {problems}."),
        Text(
            "TDiep gồm TTChung (PBan, MNGui, MNNhan, MLTDiep, MTDiep, MST, SLuong) và DLieu chứa các HDon.",
            "A TDiep holds TTChung (PBan, MNGui, MNNhan, MLTDiep, MTDiep, MST, SLuong) and DLieu with the HDon.",
        ),
        _ENVELOPE,
        example="<MNNhan>ABC</MNNhan>",
    ),
    Rule(
        "ENV-05",
        "P",
        "doc",
        Text("Loại thông điệp không được nhận", "Message type not taken"),
        Text(
            "Không nhận thông điệp loại {mltdiep} (216 chỉ từ ngày lập 2026-07-01).",
            "Messages of type {mltdiep} are not taken (216 from issue date 2026-07-01 on only).",
        ),
        Text("Dùng MLTDiep 206, hoặc 216 cho hóa đơn không mã.", "Use MLTDiep 206, or 216 for invoices without code."),
        _ENVELOPE,
        example="<MLTDiep>300</MLTDiep>",
    ),
    Rule(
        "ENV-06",
        "P",
        "doc",
        Text("Mã thông điệp không bắt đầu bằng mã nơi gửi", "MTDiep does not begin with MNGui"),
        Text("MTDiep không bắt đầu bằng MNGui.", "MTDiep does not begin with MNGui."),
        Text("MTDiep = MNGui + 32 chữ số thập lục phân viết hoa.", "MTDiep = MNGui + 32 upper-case hex digits."),
        _ENVELOPE,
        example="<MNGui>V0100000001</MNGui> <MTDiep>V0100000002…</MTDiep>",
    ),
    Rule(
        "ENV-07",
        "P",
        "doc",
        Text("Sai số lượng hóa đơn", "Invoice count mismatch"),
        Text("SLuong ghi {stated} nhưng có {counted} HDon.", "SLuong states {stated}, there are {counted} HDon."),
        Text("Ghi SLuong bằng số HDon trong DLieu.", "State in SLuong the number of HDon in DLieu."),
        _ENVELOPE,
        example="<SLuong>3</SLuong> với 2 HDon",
    ),
    Rule(
        "ENV-08",
        "P",
        "doc",
        Text("Phiên bản không được hỗ trợ", "Version not supported"),
        Text("Phiên bản {pban} không được hỗ trợ.", "Version {pban} is not supported."),
        Text("Dùng PBan 2.0.1 hoặc 2.1.0.", "Use PBan 2.0.1 or 2.1.0."),
        _ENVELOPE,
        example="<PBan>2.0.0</PBan>",
    ),
    Rule(
        "ENV-09",
        "P",
        "ctx",
        Text("Không được gửi thay", "Sender may not act"),
        Text(
            "Khóa truy cập không thuộc MNGui, hoặc MNGui không được gửi cho MST này.",
            "The key does not belong to MNGui, or MNGui may not act for this MST.",
        ),
        Text("Dùng đúng khóa của nơi gửi; đăng ký ủy quyền.", "Use the sender's own key; register the authorisation."),
        _ENVELOPE,
        example="khóa của V0100000001, thông điệp của V0100000002",
    ),
    Rule(
        "ENV-10",
        "P",
        "ctx",
        Text("Trùng mã thông điệp", "Message id used before"),
        Text(
            "MTDiep đã được dùng cho một thông điệp khác nội dung.",
            "MTDiep was used before for a package with another body.",
        ),
        Text("Gửi nội dung mới với MTDiep mới.", "Send new content under a new MTDiep."),
        _ENVELOPE,
        example="hai nội dung khác nhau dưới một MTDiep",
    ),
    Rule(
        "XSD-01",
        "E",
        "doc",
        Text("Hóa đơn sai lược đồ", "Invoice violates the schema"),
        Text("{element}: {reason}.", "{element}: {reason}."),
        Text(
            "Sửa phần tử theo đặc tả định dạng dữ liệu.",
            "Mend the element according to the format.",
        ),
        _ENVELOPE,
        missing_amount,
        example="<SHDon>12a</SHDon>",
    ),
)
