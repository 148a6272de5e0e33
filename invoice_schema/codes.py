"""Code lists of the format, with the words people read: what the XSD enumerates is listed here (a test compares).

A list without XSD types is open to the schema: its values belong to a rule (TSuat to VAT-01, TTHDLQuan to COR-01), or
it is not known to be complete. Currencies have no words here: they are those of ISO 4217, in `xsd/currency.xsd`.
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


@dataclass(frozen=True, slots=True)
class CodeList:
    """The codes of one element, `name`. `types` are the XSD types that enumerate them, each all or some of them."""

    name: str
    title: Words
    codes: Mapping[str, Words]
    types: tuple[str, ...] = ()


_Pair = tuple[str, str]


def _list(name: str, title: _Pair, codes: Mapping[str, _Pair], *types: str) -> CodeList:
    words = {code: Words(*pair) for code, pair in codes.items()}
    return CodeList(name, Words(*title), MappingProxyType(words), types)


_APPLIED: Final = {
    "1": ("hóa đơn điện tử theo NĐ 123/2020", "e-invoice of NĐ 123/2020"),
    "2": ("hóa đơn điện tử có mã xác thực theo QĐ 1209, QĐ 2660", "e-invoice with a code of QĐ 1209 and QĐ 2660"),
    "3": ("hóa đơn theo NĐ 51/2010, NĐ 04/2014", "invoice of NĐ 51/2010 and NĐ 04/2014"),
    "4": ("hóa đơn đặt in theo NĐ 123/2020", "printed invoice of NĐ 123/2020"),
}

LISTS: Final[Mapping[str, CodeList]] = MappingProxyType(
    {
        listed.name: listed
        for listed in (
            _list(
                "PBan",
                ("phiên bản định dạng", "format version"),
                {"2.0.1": ("QĐ 1510/2022", "QĐ 1510/2022"), "2.1.0": ("QĐ 1306/2025", "QĐ 1306/2025")},
                "Version",
            ),
            _list(
                "MLTDiep",
                ("loại thông điệp", "message type"),
                {
                    "206": ("hóa đơn từ máy tính tiền đã có mã", "cash-register invoices that carry their code"),
                    "216": ("hóa đơn từ máy tính tiền không có mã", "cash-register invoices without a code"),
                    "999": ("phản hồi kỹ thuật", "technical answer"),
                    "204": ("kết quả kiểm tra dữ liệu", "result of the check"),
                    "303": (
                        "thông báo hóa đơn từ máy tính tiền có sai sót",
                        "error notice for cash-register invoices",
                    ),
                    "301": ("kết quả xử lý thông báo sai sót", "result of an error notice"),
                },
                "PackageType",
                "AnswerType",
                "ErrorNoticeType",
                "ErrorResultType",
            ),
            _list(
                "MNNhan",
                ("nơi nhận, nơi gửi là cơ quan thuế", "the tax authority as receiver or sender"),
                {"TCT": ("cơ quan thuế", "tax authority")},
                "AuthorityCode",
            ),
            _list(
                "KHMSHDon",
                ("ký hiệu mẫu số hóa đơn", "invoice form"),
                {
                    "1": ("hóa đơn giá trị gia tăng", "VAT invoice"),
                    "2": ("hóa đơn bán hàng", "sales invoice"),
                    "3": ("hóa đơn bán tài sản công", "invoice of public property"),
                    "4": ("hóa đơn bán hàng dự trữ quốc gia", "invoice of national reserves"),
                    "5": ("tem, vé, thẻ, hóa đơn khác", "stamps, tickets and other invoices"),
                    "6": ("phiếu xuất kho", "delivery note"),
                    "7": ("hóa đơn thương mại điện tử", "commercial e-invoice"),
                    "8": ("hóa đơn GTGT tích hợp biên lai", "VAT invoice with a receipt of taxes and fees"),
                    "9": ("hóa đơn bán hàng tích hợp biên lai", "sales invoice with a receipt of taxes and fees"),
                },
                "InvoiceForm",
            ),
            _list(
                "HDCTTChinh",
                ("hóa đơn cho thuê tài chính", "invoice of finance lease"),
                {"0": ("không", "no"), "1": ("có", "yes")},
                "OptionalFlag",
            ),
            _list(
                "TCHDon",
                ("tính chất hóa đơn có liên quan", "what the invoice does to the related one"),
                {
                    "1": ("thay thế", "replacement"),
                    "2": ("điều chỉnh", "adjustment"),
                    "5": ("chiết khấu thương mại", "trade discount"),
                },
            ),
            _list("LHDCLQuan", ("loại hóa đơn có liên quan", "kind of the related invoice"), _APPLIED),
            _list(
                "TChat",
                ("tính chất dòng hàng", "kind of line"),
                {
                    "1": ("hàng hóa, dịch vụ", "goods or service"),
                    "2": ("khuyến mại", "promotion"),
                    "3": ("chiết khấu thương mại", "trade discount"),
                    "4": ("ghi chú, diễn giải", "note"),
                    "5": ("hàng hóa đặc trưng", "special goods"),
                },
                "LineKind",
            ),
            _list(
                "LHHDTrung",
                ("loại hàng hóa đặc trưng", "kind of special goods"),
                {
                    "1": ("ô tô, xe máy: SKhung, SMay", "cars, motorcycles: SKhung, SMay"),
                    "2": ("dịch vụ vận chuyển: BKSPTVChuyen", "transport: BKSPTVChuyen"),
                    "3": (
                        "vận chuyển qua sàn: TNGHang, DCNGHang, MSTNGHang, MDDNGHang",
                        "transport for e-commerce: TNGHang, DCNGHang, MSTNGHang, MDDNGHang",
                    ),
                },
            ),
            _list(
                "TSuat",
                ("thuế suất, so sánh theo giá trị", "VAT rate, compared by value"),
                {
                    "0%": ("0 %", "0 %"),
                    "5%": ("5 %", "5 %"),
                    "8%": ("8 %, trong thời gian được giảm thuế", "8 %, in the windows of the reduced rate"),
                    "10%": ("10 %", "10 %"),
                    "KCT": ("không chịu thuế", "exempt"),
                    "KKKNT": ("không kê khai, tính nộp thuế", "not declared"),
                    "KHAC:AB.CD%": ("thuế suất khác", "another rate"),
                    "CTTC": ("cho thuê tài chính", "finance lease"),
                },
            ),
            _list(
                "KDLieu",
                ("kiểu dữ liệu của trường mở rộng", "type of an extension's data"),
                {
                    "string": ("chuỗi ký tự", "text"),
                    "numeric": ("số", "number"),
                    "dateTime": ("ngày giờ", "date and time"),
                    "date": ("ngày", "date"),
                },
                "OptionalDataType",
            ),
            _list(
                "TTTNhan",
                ("trạng thái tiếp nhận gói", "state of receipt"),
                {"0": ("đã nhận", "received"), "1": ("không nhận", "refused")},
                "ReceiptState",
            ),
            _list(
                "LTBao",
                ("loại thông báo kết quả kiểm tra", "type of result"),
                {
                    "2": ("cả gói hợp lệ", "the whole package is valid"),
                    "7": (
                        "có hóa đơn từ máy tính tiền không hợp lệ",
                        "the package holds bad cash-register invoices",
                    ),
                    "9": ("dữ liệu không hợp lệ khác", "other invalid data"),
                },
                "NoticeType",
            ),
            _list(
                "MSo",
                ("mẫu số thông báo", "form of a notice"),
                {
                    "01/TB-KTDL": ("kết quả kiểm tra dữ liệu (204)", "result of the check (204)"),
                    "04/SS-HĐĐT": ("hóa đơn điện tử có sai sót (303)", "e-invoices that have errors (303)"),
                    "01/TB-SSĐT": (
                        "kết quả xử lý sai sót (301), NĐ 123/2020",
                        "result of the notice (301), NĐ 123/2020",
                    ),
                    "01/TB-HĐSS": ("kết quả xử lý sai sót (301), NĐ 41/2022", "result of the notice (301), NĐ 41/2022"),
                },
                "NoticeForm",
                "ErrorNoticeForm",
                "ErrorResultForm",
            ),
            _list(
                "Loai",
                ("loại thông báo sai sót", "kind of error notice"),
                {
                    "1": ("của người nộp thuế", "of the taxpayer's own accord"),
                    "2": ("theo thông báo của cơ quan thuế", "upon a notice of the tax authority"),
                },
                "ErrorNoticeKind",
            ),
            _list("LADHDDT", ("loại áp dụng hóa đơn", "kind of the invoice meant"), _APPLIED, "AppliedForm"),
            _list(
                "TCTBao",
                ("tính chất thông báo", "what is to be done with the invoice"),
                {
                    "0": ("mới", "new"),
                    "1": ("hủy", "cancel"),
                    "2": ("điều chỉnh", "adjust"),
                    "3": ("thay thế", "replace"),
                    "4": ("giải trình", "explain"),
                    "5": ("sai sót do tổng hợp", "error of the summary"),
                },
                "OptionalNoticeNature",
            ),
            _list(
                "TTTNCCQT",
                ("trạng thái tiếp nhận của cơ quan thuế", "whether the tax authority accepts"),
                {"1": ("tiếp nhận", "accepted"), "2": ("không tiếp nhận", "not accepted")},
                "AcceptanceState",
            ),
        )
    }
)
