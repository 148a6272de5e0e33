"""Every error that is not a 999 or a 204: its code, HTTP status and words, once; sent as application/problem+json.

`detail` never repeats what the client sent: a path or a header can hold a tax code, which of a household is a personal
ID.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.responses import Response

from gateway.negotiation import Language, language

MEDIA: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to fail. `vi` and `en` are (title, detail); details are filled with the problem's facts."""

    status: int
    code: str
    vi: tuple[str, str]
    en: tuple[str, str]


_KINDS: Final = (
    Kind(
        400,
        "bad-request",
        ("Yêu cầu HTTP không hợp lệ", "Không đọc được yêu cầu theo HTTP/1.1."),
        ("Malformed HTTP request", "The request could not be read as HTTP/1.1."),
    ),
    Kind(
        400,
        "bad-parameter",
        ("Tham số không hợp lệ", "Tham số `{name}` phải là {vi}."),
        ("Bad parameter", "The parameter `{name}` must be {en}."),
    ),
    Kind(
        400,
        "bad-payments",
        ("Có khoản thanh toán không hợp lệ", "Đã nhận {taken} khoản; {count} khoản không nhận được nêu trong `bad`."),
        ("Some payments are not valid", "{taken} were taken; the {count} that were not are named in `bad`."),
    ),
    Kind(
        400,
        "unreadable-payments",
        ("Không đọc được dữ liệu thanh toán", "Gửi JSON, NDJSON hoặc camt.054; lý do có trong `reason`."),
        ("The payments cannot be read", "Send JSON, NDJSON or a camt.054; `reason` says what is wrong."),
    ),
    Kind(
        401,
        "no-key",
        ("Thiếu khóa truy cập", "Gửi khóa trong đầu mục `Authorization: Bearer KEY`."),
        ("No key", "Send your key in the header `Authorization: Bearer KEY`."),
    ),
    Kind(
        401,
        "unknown-key",
        ("Khóa truy cập không đúng", "Khóa này không được đăng ký hoặc đã bị thu hồi."),
        ("Unknown key", "This key is not registered, or was withdrawn."),
    ),
    Kind(
        401,
        "bad-signature",
        ("Chữ ký không đúng", "Nguồn này không được đăng ký, chữ ký sai hoặc thời điểm ký đã quá hạn."),
        ("Bad signature", "The source is not registered, the signature is not right, or its time is not the present."),
    ),
    Kind(
        401,
        "operators-only",
        ("Chỉ dành cho vận hành", "Gọi từ chính máy chủ hoặc kèm mã vận hành `Authorization: Bearer TOKEN`."),
        ("Operators only", "Call it on loopback, or with the operators' token in `Authorization: Bearer TOKEN`."),
    ),
    Kind(
        404,
        "unknown-package",
        (
            "Không có gói này",
            "Không có gói nào như vậy mà khóa này được xem. Ai đã gửi sau `complete_up_to` hãy hỏi lại sau.",
        ),
        (
            "Unknown package",
            "There is no such package that this key may see. Whoever posted after `complete_up_to` asks again later.",
        ),
    ),
    Kind(
        404,
        "unknown-invoice",
        (
            "Không có hóa đơn này",
            "Không có hóa đơn nào như vậy mà khóa này được xem. Ai đã gửi sau `complete_up_to` hãy hỏi lại sau.",
        ),
        (
            "Unknown invoice",
            "There is no such invoice that this key may see. Whoever posted after `complete_up_to` asks again later.",
        ),
    ),
    Kind(
        404,
        "not-found",
        ("Không có địa chỉ này", "Các địa chỉ của giao diện này có ở /docs."),
        ("Not found", "The addresses of this interface are at /docs."),
    ),
    Kind(
        405,
        "method-not-allowed",
        ("Phương thức không được phép", "Các phương thức được phép có trong đầu mục `Allow`."),
        ("Method not allowed", "The methods allowed here are in the header `Allow`."),
    ),
    Kind(
        408,
        "too-slow",
        ("Gửi quá chậm", "Nội dung yêu cầu không đến đủ trong thời hạn; hãy gửi lại."),
        ("Too slow", "The request's body did not arrive in time; send it again."),
    ),
    Kind(
        413,
        "too-large",
        ("Gói quá lớn", "Một gói tối đa {limit} byte, cả khi nén và sau khi giải nén; hãy chia nhỏ gói."),
        ("Package too large", "A package may have {limit} bytes, packed and unpacked; split it."),
    ),
    Kind(
        415,
        "bad-content-type",
        (
            "Kiểu nội dung không hỗ trợ",
            "Gửi XML (`Content-Type: application/xml`), thanh toán: cả application/json, application/x-ndjson; UTF-8.",
        ),
        (
            "Unsupported content type",
            "Send XML (`Content-Type: application/xml`), payments also application/json, application/x-ndjson; UTF-8.",
        ),
    ),
    Kind(
        415,
        "bad-content-encoding",
        ("Cách nén không hỗ trợ", "Chỉ nhận `Content-Encoding: gzip` hoặc không nén."),
        ("Unsupported content encoding", "Only `Content-Encoding: gzip` or none is taken."),
    ),
    Kind(
        429,
        "too-many-packages",
        ("Gửi quá nhanh", "Khóa này được gửi {rate} gói mỗi giây; hãy gửi lại sau thời gian ở `Retry-After`."),
        ("Too many packages", "This key may post {rate} packages per second; send again after `Retry-After`."),
    ),
    Kind(
        429,
        "too-many-requests",
        ("Quá nhiều yêu cầu cùng lúc", "Máy chủ đang bận; hãy gửi lại sau thời gian ở `Retry-After`."),
        ("Too many requests at once", "The server is busy; send again after `Retry-After`."),
    ),
    Kind(
        431,
        "headers-too-large",
        ("Đầu mục quá lớn", "Các đầu mục của yêu cầu dài quá giới hạn."),
        ("Headers too large", "The request's headers are longer than allowed."),
    ),
    Kind(
        500,
        "internal",
        ("Lỗi nội bộ", "Lỗi của máy chủ đã được ghi lại; có thể gửi lại đúng yêu cầu này."),
        ("Internal error", "The server's error was recorded; the same request may be sent again."),
    ),
    Kind(
        503,
        "broker-unavailable",
        ("Tạm thời chưa nhận được", "Gói chưa được ghi nhận bền vững; hãy gửi lại sau thời gian ở `Retry-After`."),
        ("Cannot take packages now", "The package was not stored durably; send it again after `Retry-After`."),
    ),
    Kind(
        503,
        "store-unavailable",
        ("Tạm thời chưa tra cứu được", "Kho dữ liệu không trả lời; hãy hỏi lại sau thời gian ở `Retry-After`."),
        ("Cannot look it up now", "The store does not answer; ask again after `Retry-After`."),
    ),
)
KINDS: Final[Mapping[str, Kind]] = {kind.code: kind for kind in _KINDS}


class Problem(Exception):
    """Ends a request with the problem `code`; `facts` fill its detail, `members` are added to its JSON."""

    def __init__(
        self,
        code: str,
        *,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(code)
        self.kind = KINDS[code]
        self.facts = facts
        self.members = members or {}
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)
        if self.kind.status == 401:
            self.headers["WWW-Authenticate"] = 'Bearer realm="hoadon"'


def document(problem: Problem, lang: Language) -> bytes:
    """The problem+json of `problem` (RFC 9457)."""
    kind = problem.kind
    title, detail = kind.en if lang == "en" else kind.vi
    return orjson.dumps(
        {
            "type": f"urn:hoadon:problem:{kind.code}",
            "title": title,
            "status": kind.status,
            "detail": detail.format(**problem.facts),
            "code": kind.code,
            **problem.members,
        }
    )


def response(problem: Problem, accept_language: str | None) -> Response:
    lang = language(accept_language)
    headers = {**problem.headers, "Content-Language": lang}
    return Response(document(problem, lang), problem.kind.status, headers, MEDIA)
