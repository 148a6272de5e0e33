"""What an element means, in both languages: for the invoice the field table says it, for all else this module.

Most elements mean the same wherever they stand; `_IN` has those of which one type of the XSD says more.
"""

from __future__ import annotations

from typing import Final

from invoice_schema.codes import Words
from invoice_schema.fields import FIELDS

_EVERYWHERE: Final = {
    "PBan": ("phiên bản định dạng", "format version"),
    "MNGui": ("mã nơi gửi", "sender's code"),
    "MNNhan": ("mã nơi nhận", "receiver's code"),
    "MLTDiep": ("loại thông điệp", "message type"),
    "MTDiep": ("mã thông điệp", "message id"),
    "MTDTChieu": ("mã thông điệp tham chiếu", "id of the message referred to"),
    "MST": ("mã số thuế người nộp thuế", "the taxpayer's tax code"),
    "SLuong": ("số lượng dữ liệu trong thông điệp", "number of data in the message"),
    "MSo": ("mẫu số thông báo", "form of the notice"),
    "Ten": ("tên thông báo", "title of the notice"),
    "So": ("số thông báo", "number of the notice"),
    "DDanh": ("địa danh", "place"),
    "NTBao": ("ngày thông báo", "day of the notice"),
    "TNNT": ("tên người nộp thuế", "the taxpayer's name"),
    "MDVQHNSach": ("mã đơn vị quan hệ ngân sách", "budget unit code, where there is no tax code"),
    "TCQT": ("tên cơ quan thuế", "name of the tax office"),
    "MCQT": ("mã cơ quan thuế quản lý", "code of the tax office in charge"),
    "MGDDTu": ("mã giao dịch điện tử", "id of the transaction answered"),
    "STT": ("số thứ tự", "ordinal"),
    "MLoi": ("mã lỗi", "error code"),
    "MTLoi": ("mô tả lỗi", "description of the error"),
    "MTa": ("mô tả lỗi", "description of the error"),
    "HDXLy": ("hướng dẫn xử lý", "how to mend it"),
    "GChu": ("ghi chú", "note"),
    "MCQTCap": ("mã của cơ quan thuế trên hóa đơn", "the authority's code of the invoice"),
    "MCCQT": ("mã của cơ quan thuế trên hóa đơn", "the authority's code of the invoice"),
    "KHMSHDon": ("ký hiệu mẫu số hóa đơn", "form of the invoice"),
    "KHHDon": ("ký hiệu hóa đơn", "series symbol of the invoice"),
    "SHDon": ("số hóa đơn", "number of the invoice"),
    "Ngay": ("ngày lập hóa đơn", "issue date of the invoice"),
    "NLap": ("ngày lập hóa đơn", "issue date of the invoice"),
    "LADHDDT": ("loại áp dụng hóa đơn điện tử", "kind of the invoice"),
    "TCTBao": ("tính chất thông báo", "what is to be done with the invoice"),
    "LDo": ("lý do", "reason"),
    "NNhan": ("thời điểm nhận", "moment of receipt"),
    "TTTNhan": ("trạng thái tiếp nhận", "state of receipt"),
    "TGGui": ("thời điểm người nộp thuế gửi", "moment of sending, that of receipt here"),
    "LTBao": ("loại thông báo", "type of the result"),
    "CCu": ("căn cứ", "what was checked"),
    "Loai": ("loại thông báo sai sót", "kind of error notice"),
    "NTBCCQT": ("ngày thông báo của cơ quan thuế", "day of the authority's own notice"),
    "TCQTCTren": ("tên cơ quan thuế cấp trên", "name of the tax office above"),
    "TGNhan": ("thời gian cơ quan thuế tiếp nhận", "when the tax authority received the notice"),
    "NTBNNT": ("ngày thông báo của người nộp thuế", "day of the taxpayer's notice"),
    "STTThe": ("số thứ tự thẻ TBao được trả lời", "place of the TBao answered in its message"),
    "HThuc": ("hình thức ký", "form of signing"),
    "CDanh": ("chức danh người ký", "office of the signer"),
    "TTTNCCQT": ("trạng thái tiếp nhận của cơ quan thuế", "whether the tax authority accepts"),
    "TTruong": ("tên trường", "name of the field"),
    "KDLieu": ("kiểu dữ liệu", "type of the data"),
    "DLieu": ("dữ liệu", "data"),
    "LHHDTrung": ("loại hàng hóa đặc trưng", "kind of special goods"),
}
_IN: Final = {
    ("PackageHeader", "SLuong"): ("số hóa đơn trong gói", "number of invoices in the package"),
    ("ResultNoticeData", "SLuong"): ("số hóa đơn của gói", "number of invoices of the package"),
    ("ResultNoticeData", "MGDDTu"): ("MTDiep của gói", "MTDiep of the package"),
    ("AcknowledgementNotice", "MTDiep"): ("MTDiep của gói được trả lời", "MTDiep of the package answered"),
    ("AcknowledgementNotice", "MNGui"): ("MNGui của gói được trả lời", "MNGui of the package answered"),
    ("ErrorNoticeData", "So"): ("số thông báo của cơ quan thuế", "number of the authority's own notice"),
}
_FIELDS: Final = {field.path: Words(field.vi, field.en) for field in FIELDS}
_HDON: Final = "/TDiep/DLieu/HDon/"


def meaning(path: str, owner: str) -> Words | None:
    """What the leaf at `path` (from the root, without positions) in an element of type `owner` means."""
    field = _FIELDS.get(path.removeprefix(_HDON)) if path.startswith(_HDON) else None
    if field:
        return field
    name = path.rpartition("/")[2]
    words = _IN.get((owner, name)) or _EVERYWHERE.get(name)
    return Words(*words) if words else None
