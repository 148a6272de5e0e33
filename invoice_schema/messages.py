"""The two answers to a package: 999, the technical answer, and 204, the result of the check (format §4).

Both are pure functions of their arguments, byte for byte: an answer can be made again at any time. The id of an answer
is `TCT` and the first 32 upper-case hexadecimal digits of SHA-256 over an ASCII text: the three digits of the answer's
type, then the 64 lower-case hexadecimal digits of the SHA-256 of the package's unpacked body.

Texts are cut to the greatest length of their field, in characters, with `…` as the last one where words are lost.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Final, Literal
from xml.sax.saxutils import escape

from lxml import etree

from invoice_schema import pack
from invoice_schema.parser import parse

LTBao = Literal[2, 7, 9]
ALL_VALID: Final = 2
BAD_INVOICES: Final = 7
BAD_PACKAGE: Final = 9

_VERSION: Final = "2.1.0"
_AUTHORITY: Final = "TCT"
_VIETNAM: Final = timezone(timedelta(hours=7))
_TITLE: Final = "Thông báo về việc kết quả kiểm tra dữ liệu hóa đơn điện tử"
_FORM: Final = "01/TB-KTDL"
_PLACE: Final = "Hà Nội"
_GROUND: Final = "Dữ liệu hóa đơn điện tử khởi tạo từ máy tính tiền gửi đến cơ quan thuế"
_ID_DIGITS: Final = 32
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an invoice (LTBao 7) or a package (LTBao 9, no invoice key) is refused; one LDo of a 204."""

    khmshdon: str
    khhdon: str
    shdon: str
    mloi: str
    description: str
    remedy: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A 999 as read back. `reasons` are pairs of MLoi and MTa; none: the package was taken."""

    id: str
    answers: str | None
    sender: str | None
    mst: str | None
    received_at: datetime
    reasons: tuple[tuple[str, str], ...]

    @property
    def taken(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Result:
    """A 204 as read back. Invoices of the package that `reasons` do not name are valid."""

    id: str
    answers: str
    mst: str
    name: str
    day: date
    received_at: datetime
    ltbao: LTBao
    invoices: int
    reasons: tuple[Reason, ...]


def answer_id(mltdiep: Literal["999", "204"], body_sha256: str) -> str:
    """MTDiep of the answer of type `mltdiep` to the package whose unpacked body has that SHA-256 (hexadecimal)."""
    digest = hashlib.sha256((mltdiep + body_sha256.lower()).encode("ascii"))
    return _AUTHORITY + digest.hexdigest()[:_ID_DIGITS].upper()


def acknowledgement(
    *,
    body_sha256: str,
    mtdiep: str | None,
    mngui: str | None,
    mst: str | None,
    received_at_us: int,
    reasons: Sequence[tuple[str, str]] = (),
) -> bytes:
    """The 999: TTTNhan 0 without `reasons` (pairs of MLoi and MTa), else 1. What the package did not tell is None."""
    notice = [
        _optional("MTDiep", mtdiep, 46),
        _optional("MNGui", mngui, 14),
        _element("NNhan", _local(received_at_us).isoformat()),
        _element("TTTNhan", "1" if reasons else "0"),
    ]
    if reasons:
        told = (_element("LDo", _element("MLoi", mloi) + _text("MTa", mta, 255, mloi)) for mloi, mta in reasons)
        notice.append(_element("DSLDo", "".join(told)))
    header = _header("999", answer_id("999", body_sha256), mtdiep, mngui, mst)
    return _message(header, _element("TBao", "".join(notice)))


def result(
    *,
    body_sha256: str,
    mtdiep: str,
    mst: str,
    name: str,
    received_at_us: int,
    ltbao: LTBao,
    invoices: int,
    reasons: Sequence[Reason] = (),
) -> bytes:
    """The 204. `name` is the seller's, empty where unknown; `invoices` counts those of the package.

    The notice bears the Vietnamese day of receipt, not of the decision: made again later, it is the same.
    """
    if bool(reasons) != (ltbao != ALL_VALID):
        raise ValueError(f"LTBao {ltbao} with {len(reasons)} reasons")
    received = _local(received_at_us)
    stamp = received.isoformat()
    id_ = answer_id("204", body_sha256)
    notice = [
        _element("PBan", _VERSION),
        _element("MSo", _FORM),
        _element("Ten", _TITLE),
        _element("So", f"{id_[3:19]}/TB-KTDL"),
        _element("DDanh", _PLACE),
        _element("NTBao", stamp[:10]),
        _element("MST", _code(mst, 14)),
        _text("TNNT", name, 400, mst),
        _element("TGGui", stamp),
        _element("LTBao", str(ltbao)),
        _element("CCu", _GROUND),
        _element("MGDDTu", _code(mtdiep, 46)),
        _element("SLuong", str(invoices)),
    ]
    if reasons:
        faults = _element("DSLDo", "".join(_faults(reasons, named=ltbao == BAD_INVOICES)))
        notice.append(_element("LHDMTTien" if ltbao == BAD_INVOICES else "KHLKhac", faults))
    header = _header("204", id_, mtdiep, mtdiep[:-_ID_DIGITS], mst)
    return _message(header, _element("TBao", _element("DLTBao", "".join(notice))))


def read_acknowledgement(message: bytes) -> Acknowledgement:
    """A 999 read back. ValueError if it is none."""
    root = _checked(message, "tdiep-999.xsd", "999")
    header, notice = root[0], root[1][0]
    return Acknowledgement(
        id=_get(header, "MTDiep"),
        answers=header.findtext("MTDTChieu"),
        sender=notice.findtext("MNGui"),
        mst=header.findtext("MST"),
        received_at=_instant(_get(notice, "NNhan")),
        reasons=tuple((_get(reason, "MLoi"), _get(reason, "MTa")) for reason in notice.iterfind("DSLDo/LDo")),
    )


def read_result(message: bytes) -> Result:
    """A 204 read back. ValueError if it is none."""
    root = _checked(message, "tdiep-204.xsd", "204")
    header, notice = root[0], root[1][0][0]
    ltbao = int(_get(notice, "LTBao"))
    return Result(
        id=_get(header, "MTDiep"),
        answers=_get(notice, "MGDDTu"),
        mst=_get(notice, "MST"),
        name=_get(notice, "TNNT"),
        day=date.fromisoformat(_get(notice, "NTBao")),
        received_at=_instant(_get(notice, "TGGui")),
        ltbao=7 if ltbao == BAD_INVOICES else 9 if ltbao == BAD_PACKAGE else 2,
        invoices=int(_get(notice, "SLuong")),
        reasons=tuple(_reason(fault, named=ltbao == BAD_INVOICES) for fault in notice.iterfind("*/DSLDo/LDo")),
    )


def _faults(reasons: Iterable[Reason], *, named: bool) -> Iterable[str]:
    for number, reason in enumerate(reasons, 1):
        description = _clean(reason.description) or reason.mloi
        if named:
            key = (_part(reason.khmshdon, 11), _part(reason.khhdon, 8), _part(reason.shdon, 8))
            description = ";".join((*key, description))
        yield _element(
            "LDo",
            _element("STT", str(number))
            + _element("MLoi", reason.mloi)
            + _text("MTLoi", description, 255, reason.mloi)
            + _text("HDXLy", reason.remedy, 255, "-")
            + (_text("GChu", reason.note, 255, "-") if reason.note else ""),
        )


def _reason(fault: etree._Element, *, named: bool) -> Reason:
    text = _get(fault, "MTLoi")
    khmshdon, khhdon, shdon, description = text.split(";", 3) if named else ("", "", "", text)
    return Reason(
        khmshdon, khhdon, shdon, _get(fault, "MLoi"), description, _get(fault, "HDXLy"), fault.findtext("GChu") or ""
    )


def _header(mltdiep: str, id_: str, mtdiep: str | None, mngui: str | None, mst: str | None) -> str:
    return "".join(
        (
            _element("PBan", _VERSION),
            _element("MNGui", _AUTHORITY),
            _optional("MNNhan", mngui, 14),
            _element("MLTDiep", mltdiep),
            _element("MTDiep", id_),
            _optional("MTDTChieu", mtdiep, 46),
            _optional("MST", mst, 14),
            _element("SLuong", "1"),
        )
    )


def _message(header: str, data: str) -> bytes:
    body = _element("TDiep", _element("TTChung", header) + _element("DLieu", data))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'.encode()


def _element(tag: str, content: str) -> str:
    return f"<{tag}>{content}</{tag}>"


def _optional(tag: str, code: str | None, limit: int) -> str:
    text = _code(code or "", limit)
    return _element(tag, text) if text else ""


def _text(tag: str, text: str, limit: int, otherwise: str) -> str:
    clean = _clean(text) or otherwise
    return _element(tag, escape(clean if len(clean) <= limit else clean[: limit - 1].rstrip() + "…"))


def _code(text: str, limit: int) -> str:
    if text.isalnum() and len(text) <= limit:
        return text
    return escape(_clean(text)[:limit].rstrip())


def _part(text: str, limit: int) -> str:
    return _clean(text).replace(";", ",")[:limit].rstrip()


def _clean(text: str) -> str:
    return " ".join(_NOT_XML.sub("\ufffd", text).split())


def _local(us: int) -> datetime:
    """Vietnam's local time, to the second, without an offset."""
    return datetime.fromtimestamp(us // 1_000_000, _VIETNAM).replace(tzinfo=None)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=_VIETNAM)


def _get(element: etree._Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


@cache
def _schema(name: str) -> etree.XMLSchema:
    return pack.compiled(name)


def _checked(message: bytes, schema: str, mltdiep: str) -> etree._Element:
    root = parse(message).root
    if not _schema(schema).validate(root) or root.findtext("TTChung/MLTDiep") != mltdiep:
        raise ValueError(f"not a valid message {mltdiep}")
    return root
