"""The ClickHouse HTTP protocol: what a request asks, how an answer's head, errors and mid-stream errors look."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from storage.statement import Refused

EXCEPTION_CODE: Final = "X-ClickHouse-Exception-Code"
EXCEPTION_TAG: Final = "X-ClickHouse-Exception-Tag"

# Parameters of the protocol itself; all others are settings of the engine, or `param_…`.
_OWN: Final = frozenset(
    {
        "query", "database", "default_format", "query_id", "session_id", "session_timeout", "session_check",
        "quota_key", "role", "user", "password", "buffer_size", "wait_end_of_query", "client_protocol_version",
        "enable_http_compression", "http_zlib_compression_level", "send_progress_in_http_headers",
        "http_headers_progress_interval_ms", "http_write_exception_in_output_format",
        "cancel_http_readonly_queries_on_client_close", "readonly", "log_comment",
    }
)  # fmt: skip
_BOUNDARY: Final = re.compile(r'boundary="?([^";,]+)"?')
_FIELD: Final = re.compile(rb'[ ;]name="([^"]*)"')
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """One question. `text` is the SQL of the URL, `body` the unpacked body, which continues it."""

    text: bytes
    body: bytes
    query_id: str
    database: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    readonly: int = 0
    format: str = "TabSeparated"
    whole: bool = False  # the answer is complete before its first byte is sent (wait_end_of_query)


def request(method: str, query_string: bytes, headers: Mapping[str, str], body: bytes) -> Request:
    """Read a request's URL and (unpacked) body. Raises Refused."""
    values = dict(parse_qsl(query_string.decode("ascii", "replace"), keep_blank_values=True))
    if headers.get("content-type", "").startswith("multipart/form-data"):
        values |= _form(headers["content-type"], body)
        body = b""
    for name in ("compress", "decompress"):
        if values.pop(name, "0") not in ("0", ""):
            raise Refused(48, "NOT_IMPLEMENTED", f"{name}=1 is not supported here, use Content-Encoding")
    readonly = values.get("readonly") or "0"
    if readonly not in ("0", "1", "2"):
        raise Refused(36, "BAD_ARGUMENTS", "readonly is 0, 1 or 2")
    settings = {k: v for k, v in values.items() if k not in _OWN and not k.startswith("param_")}
    if bad := next((name for name in settings if not _NAME.fullmatch(name)), None):
        raise Refused(115, "UNKNOWN_SETTING", f"Setting {bad!r} is neither a builtin setting nor valid")
    return Request(
        text=values.get("query", "").encode(),
        body=body,
        query_id=values.get("query_id") or secrets.token_hex(16),
        database=values.get("database") or headers.get("x-clickhouse-database", ""),
        settings=settings,
        parameters={k.removeprefix("param_"): v for k, v in values.items() if k.startswith("param_")},
        # As ClickHouse: a GET never changes anything.
        readonly=int(readonly) or (0 if method == "POST" else 2),
        format=values.get("default_format") or headers.get("x-clickhouse-format") or "TabSeparated",
        whole=values.get("wait_end_of_query", "0") not in ("0", ""),
    )


def _form(content_type: str, body: bytes) -> dict[str, str]:
    """The plain fields of a multipart body: the query and its parameters, as clients send what must not be in a URL."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise Refused(36, "BAD_ARGUMENTS", "multipart/form-data without a boundary")
    values: dict[str, str] = {}
    for part in body.split(b"--" + boundary[1].encode()):
        head, blank, content = part.partition(b"\r\n\r\n")
        if blank and (name := _FIELD.search(head)):
            if b"filename=" in head:
                raise Refused(48, "NOT_IMPLEMENTED", "external data is not supported by the embedded store")
            values[name[1].decode()] = content.removesuffix(b"\r\n").decode("utf-8", "replace")
    return values


class Summary(msgspec.Struct, frozen=True):
    """Counts of X-ClickHouse-Summary."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_ns: int = 0

    def header(self) -> str:
        counts = msgspec.structs.asdict(self) | {"total_rows_to_read": 0}
        return json.dumps({name: str(value) for name, value in counts.items()}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of the engine in the protocol's form."""

    code: int
    text: str

    @property
    def status(self) -> int:
        return _STATUS.get(self.code, 500)


_CODE: Final = re.compile(r"Code: (\d+)\. DB::Exception: ")
_NAMED: Final = re.compile(r"\(([A-Z][A-Z0-9_]+)\)")


def failure(error: BaseException) -> Failure:
    """The innermost code that the engine's message names; 1002 (UNKNOWN_EXCEPTION) where it names none."""
    text = str(error).strip()
    codes = _CODE.findall(text)
    if not codes:
        return Failure(1002, f"Code: 1002. DB::Exception: {text or type(error).__name__}. (UNKNOWN_EXCEPTION)")
    text = text[text.index("Code: ") :]
    return Failure(int(codes[-1]), text)


def tag() -> str:
    """A fresh tag for an answer, so that no data can be mistaken for an error."""
    return secrets.token_hex(8)


def framed(found: Failure, exception_tag: str) -> bytes:
    """An error after the first bytes of the answer were sent, as ClickHouse ≥ 25.11 frames it."""
    text = found.text.encode() + b"\n"
    mark = exception_tag.encode()
    return b"\r\n__exception__\r\n%s\r\n%s%d %s\r\n__exception__\r\n" % (mark, text, len(text), mark)


def content_type(name: str) -> str:
    if name.startswith("JSON"):
        return "application/x-ndjson; charset=UTF-8" if "EachRow" in name else "application/json; charset=UTF-8"
    if name.startswith("CSV"):
        return "text/csv; charset=UTF-8"
    if name.startswith(("TSV", "TabSeparated")):
        return "text/tab-separated-values; charset=UTF-8"
    if name in ("Native", "RowBinary", "Arrow", "ArrowStream", "Parquet"):
        return "application/octet-stream"
    return "text/plain; charset=UTF-8"


def _statuses(table: Iterable[tuple[int, Iterable[int]]]) -> dict[int, int]:
    return {code: status for status, codes in table for code in codes}


# As ClickHouse maps its error codes (time-outs to 408: clients retry a 504); 271, 202 and 307 come from here.
_STATUS: Final = _statuses(
    [
        (400, (6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 271, 321, 376, 427, 441)),
        (401, (194,)),
        (403, (192, 193, 497, 512, 516)),
        (404, (46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511)),
        (408, (159,)),
        (413, (229, 307)),
        (429, (202,)),
        (501, (48,)),
        (503, (76, 209, 439)),
    ]
)
