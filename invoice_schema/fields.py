"""The fields of an invoice: where each stands, its type, and what it means. One table; extraction follows from it.

A field's name is its parent's name and its own (`NBan/MST`), unique in the format; `path` starts below `HDon`.
Types (format, "General"): `text` free text, `code` a code compared trimmed, `num` a decimal number with up to 21
integer digits and 6 decimals, `int` a whole number without sign, `date` YYYY-MM-DD. Lengths and presence are the XSD's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Type = Literal["text", "code", "num", "int", "date"]
Group = Literal["HDon", "HHDVu", "LTSuat", "LPhi"]


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf element. `group` is the element that one row stands for."""

    path: str
    type: Type
    group: Group
    vi: str
    en: str

    @property
    def name(self) -> str:
        return "/".join(self.path.split("/")[-2:])


_TTCHUNG = "DLHDon/TTChung"
_LQUAN = "DLHDon/TTChung/TTHDLQuan"
_NBAN = "DLHDon/NDHDon/NBan"
_NMUA = "DLHDon/NDHDon/NMua"
_TTOAN = "DLHDon/NDHDon/TToan"

GROUPS: Final[dict[Group, str]] = {
    "HDon": "",
    "HHDVu": "DLHDon/NDHDon/DSHHDVu/HHDVu",
    "LTSuat": "DLHDon/NDHDon/TToan/THTTLTSuat/LTSuat",
    "LPhi": "DLHDon/NDHDon/TToan/DSLPhi/LPhi",
}

_ROWS: Final[tuple[tuple[Group, str, str, Type, str, str], ...]] = (
    ("HDon", "", "MCCQT", "code", "mã của cơ quan thuế", "code given by the tax authority"),
    ("HDon", "", "DLQRCode", "text", "dữ liệu mã QR", "content of the QR code"),
    ("HDon", _TTCHUNG, "PBan", "code", "phiên bản định dạng", "format version"),
    ("HDon", _TTCHUNG, "THDon", "text", "tên hóa đơn", "title of the invoice"),
    ("HDon", _TTCHUNG, "KHMSHDon", "code", "ký hiệu mẫu số", "form: 1 VAT, 2 sales, 3–9 others"),
    ("HDon", _TTCHUNG, "KHHDon", "code", "ký hiệu hóa đơn", "series symbol"),
    ("HDon", _TTCHUNG, "SHDon", "int", "số hóa đơn", "number within the series"),
    ("HDon", _TTCHUNG, "NLap", "date", "ngày lập", "issue date"),
    ("HDon", _TTCHUNG, "MHSo", "text", "mã hồ sơ", "file code"),
    (
        "HDon",
        _TTCHUNG,
        "HDCTTChinh",
        "code",
        "hóa đơn cho thuê tài chính: 1 có, 0 không",
        "invoice of finance lease: 1 yes, 0 no",
    ),
    ("HDon", _TTCHUNG, "SBKe", "text", "số bảng kê", "number of the attached list"),
    ("HDon", _TTCHUNG, "NBKe", "date", "ngày bảng kê", "date of the attached list"),
    ("HDon", _TTCHUNG, "DVTTe", "code", "đơn vị tiền tệ", "currency, ISO 4217; absent: VND"),
    ("HDon", _TTCHUNG, "TGia", "num", "tỷ giá", "exchange rate to VND"),
    ("HDon", _TTCHUNG, "HTTToan", "text", "hình thức thanh toán", "means of payment, free text"),
    ("HDon", _TTCHUNG, "MSTTCGP", "code", "mã số thuế tổ chức giải pháp", "tax code of the solution provider"),
    ("HDon", _TTCHUNG, "MSTDVNUNLHDon", "code", "mã số thuế bên được ủy nhiệm", "tax code of the authorised issuer"),
    ("HDon", _TTCHUNG, "TDVNUNLHDon", "text", "tên bên được ủy nhiệm", "name of the authorised issuer"),
    ("HDon", _TTCHUNG, "DCDVNUNLHDon", "text", "địa chỉ bên được ủy nhiệm", "address of the authorised issuer"),
    (
        "HDon",
        _LQUAN,
        "TCHDon",
        "code",
        "tính chất: 1 thay thế, 2 điều chỉnh, 5 chiết khấu",
        "1 replaces, 2 adjusts, 5 discount",
    ),
    ("HDon", _LQUAN, "LHDCLQuan", "code", "loại hóa đơn liên quan", "kind of the related invoice"),
    ("HDon", _LQUAN, "KHMSHDCLQuan", "code", "mẫu số hóa đơn liên quan", "form of the related invoice"),
    ("HDon", _LQUAN, "KHHDCLQuan", "code", "ký hiệu hóa đơn liên quan", "series of the related invoice"),
    ("HDon", _LQUAN, "SHDCLQuan", "code", "số hóa đơn liên quan", "number of the related invoice"),
    ("HDon", _LQUAN, "NLHDCLQuan", "code", "ngày lập hóa đơn liên quan", "issue date of the related invoice"),
    ("HDon", _LQUAN, "GChu", "text", "ghi chú", "note"),
    ("HDon", _LQUAN, "SBKCLQuan", "text", "số bảng kê liên quan", "number of the related list"),
    ("HDon", _LQUAN, "NBKCLQuan", "code", "ngày bảng kê liên quan", "date of the related list"),
    ("HDon", _NBAN, "Ten", "text", "tên người bán", "seller's name"),
    ("HDon", _NBAN, "MST", "code", "mã số thuế người bán", "seller's tax code"),
    ("HDon", _NBAN, "DChi", "text", "địa chỉ người bán", "seller's address"),
    ("HDon", _NBAN, "SDThoai", "text", "điện thoại người bán", "seller's phone"),
    ("HDon", _NBAN, "MCHang", "code", "mã cửa hàng", "store code"),
    ("HDon", _NBAN, "TCHang", "text", "tên cửa hàng", "store name"),
    ("HDon", _NBAN, "DCTDTu", "text", "thư điện tử người bán", "seller's e-mail"),
    ("HDon", _NBAN, "STKNHang", "code", "số tài khoản người bán", "seller's bank account"),
    ("HDon", _NBAN, "TNHang", "text", "ngân hàng người bán", "seller's bank"),
    ("HDon", _NBAN, "Fax", "text", "fax người bán", "seller's fax"),
    ("HDon", _NBAN, "Website", "text", "trang mạng người bán", "seller's website"),
    ("HDon", _NMUA, "Ten", "text", "tên đơn vị mua", "buyer's name (organisation)"),
    ("HDon", _NMUA, "MST", "code", "mã số thuế người mua", "buyer's tax code"),
    ("HDon", _NMUA, "DChi", "text", "địa chỉ người mua", "buyer's address"),
    ("HDon", _NMUA, "SDThoai", "text", "điện thoại người mua", "buyer's phone"),
    ("HDon", _NMUA, "CCCDan", "code", "số định danh cá nhân người mua", "buyer's personal ID"),
    ("HDon", _NMUA, "HVTNMHang", "text", "họ và tên người mua hàng", "buyer's name (person)"),
    ("HDon", _NMUA, "MDVQHNSach", "code", "mã đơn vị quan hệ ngân sách", "buyer's budget unit code"),
    ("HDon", _NMUA, "SHChieu", "code", "số hộ chiếu", "buyer's passport number"),
    ("HDon", _NMUA, "MKHang", "code", "mã khách hàng", "customer code"),
    ("HDon", _NMUA, "DCTDTu", "text", "thư điện tử người mua", "buyer's e-mail"),
    ("HDon", _NMUA, "STKNHang", "code", "số tài khoản người mua", "buyer's bank account"),
    ("HDon", _NMUA, "TNHang", "text", "ngân hàng người mua", "buyer's bank"),
    ("HDon", _TTOAN, "TgTCThue", "num", "tổng tiền chưa thuế", "total before VAT"),
    ("HDon", _TTOAN, "TgTThue", "num", "tổng tiền thuế", "total VAT"),
    ("HDon", _TTOAN, "TGTKCThue", "num", "tổng giảm trừ không chịu thuế", "deductions not taxed"),
    ("HDon", _TTOAN, "TGTKhac", "num", "tổng giảm trừ khác", "other deductions"),
    ("HDon", _TTOAN, "TTCKTMai", "num", "tổng tiền chiết khấu thương mại", "trade discount"),
    ("HDon", _TTOAN, "TgTTTBSo", "num", "tổng tiền thanh toán bằng số", "amount to pay"),
    ("HDon", _TTOAN, "TgTTTBChu", "text", "tổng tiền thanh toán bằng chữ", "amount to pay, in words"),
    (
        "HHDVu",
        GROUPS["HHDVu"],
        "TChat",
        "code",
        "tính chất dòng",
        "1 goods, 2 promotion, 3 discount, 4 note, 5 special",
    ),
    ("HHDVu", GROUPS["HHDVu"], "STT", "int", "số thứ tự", "line number as printed"),
    ("HHDVu", GROUPS["HHDVu"], "MHHDVu", "code", "mã hàng hóa, dịch vụ", "item code"),
    ("HHDVu", GROUPS["HHDVu"], "THHDVu", "text", "tên hàng hóa, dịch vụ", "item name"),
    ("HHDVu", GROUPS["HHDVu"], "DVTinh", "text", "đơn vị tính", "unit"),
    ("HHDVu", GROUPS["HHDVu"], "SLuong", "num", "số lượng", "quantity"),
    ("HHDVu", GROUPS["HHDVu"], "DGia", "num", "đơn giá", "unit price"),
    ("HHDVu", GROUPS["HHDVu"], "TLCKhau", "num", "tỷ lệ chiết khấu, %", "discount in per cent"),
    ("HHDVu", GROUPS["HHDVu"], "STCKhau", "num", "số tiền chiết khấu", "discount amount"),
    ("HHDVu", GROUPS["HHDVu"], "ThTien", "num", "thành tiền chưa thuế", "amount before VAT"),
    ("HHDVu", GROUPS["HHDVu"], "TSuat", "code", "thuế suất", "VAT rate"),
    ("LTSuat", GROUPS["LTSuat"], "TSuat", "code", "thuế suất", "VAT rate"),
    ("LTSuat", GROUPS["LTSuat"], "ThTien", "num", "tiền chưa thuế theo thuế suất", "amount before VAT at the rate"),
    ("LTSuat", GROUPS["LTSuat"], "TThue", "num", "tiền thuế theo thuế suất", "VAT at the rate"),
    ("LPhi", GROUPS["LPhi"], "TLPhi", "text", "tên loại phí", "name of the fee"),
    ("LPhi", GROUPS["LPhi"], "TPhi", "num", "tiền phí", "fee"),
)

FIELDS: Final = tuple(
    Field(f"{parent}/{element}" if parent else element, kind, group, vi, en)
    for group, parent, element, kind, vi, en in _ROWS
)
BY_NAME: Final[dict[str, Field]] = {field.name: field for field in FIELDS}

if len(BY_NAME) != len(FIELDS):  # pragma: no cover
    raise AssertionError("two fields share a name")
