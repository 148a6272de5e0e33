"""What a rule is. A family of rules is one module: declarations beside their predicates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from invoice_schema.tokens import Ints
from rules.batch import Batch
from rules.law import Regime

Severity = Literal["P", "E", "W", "I"]
Kind = Literal["doc", "ctx"]
Lang = Literal["vi", "en"]
Basis = Mapping[Regime | Literal[""], str]

ALWAYS: Final = (date.min, date.max)


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence in both languages; `{name}` stands for an entry of a finding's data."""

    vi: str
    en: str

    def say(self, lang: Lang, data: Mapping[str, Any] | None = None) -> str:
        return (self.vi if lang == "vi" else self.en).format_map(_Values(data or {}, lang))


# Words that findings hold as codes.
WORDS: Final[Mapping[str, Text]] = {
    "missing": Text("thiếu", "missing"),
    "unknown": Text("không có trong định dạng", "unknown"),
    "repeated": Text("lặp lại", "repeated"),
    "malformed": Text("sai dạng", "malformed"),
    "not-in-list": Text("không có trong danh mục", "not in the code list"),
    "too-long": Text("quá dài", "too long"),
    "text": Text("có chữ ở ngoài phần tử", "text where only elements may stand"),
    "unknown-attribute": Text("thuộc tính không có trong định dạng", "unknown attribute"),
    "no-HDon": Text("không có", "no"),
    "root-not-TDiep": Text("phần tử gốc không phải TDiep:", "the root is not TDiep:"),
    "bytes": Text("số byte", "bytes"),
    "depth": Text("độ sâu", "depth"),
    "invoices": Text("số hóa đơn", "invoices"),
    "suspended": Text("tạm ngừng kinh doanh", "suspended"),
    "closed": Text("đã chấm dứt hiệu lực mã số thuế", "closed"),
    "length": Text("độ dài một văn bản", "length of a text"),
    "elements": Text("số phần tử", "elements"),
    "attributes": Text("số thuộc tính", "attributes"),
    "sections": Text("số chú thích và CDATA", "comments and CDATA sections"),
    "references": Text("số tham chiếu ký tự", "character references"),
    "name": Text("độ dài tên phần tử", "length of an element's name"),
    "parser-limit": Text("của bộ đọc XML", "of the XML parser"),
    # Why a signature does not verify.
    "limit": Text("quá nhiều chữ ký, tham chiếu hoặc phần tử", "too many signatures, references or elements"),
    "algorithm": Text("thuật toán hoặc khóa không được phép", "an algorithm or key that is not allowed"),
    "transform": Text("phép biến đổi không được phép", "a transform that is not allowed"),
    "reference": Text("không ký đúng phần phải ký", "it does not cover what it must"),
    "duplicate-id": Text("hai phần tử có cùng Id", "two elements share the Id"),
    "certificate": Text(
        "chứng thư số thiếu, hỏng hoặc không rõ của ai", "the certificate is missing, unreadable or ambiguous"
    ),
    "certificate-mst": Text("chứng thư số của mã số thuế khác", "the certificate is of another tax code"),
    "untrusted": Text("không có tổ chức chứng thực được tin cậy", "no trusted authority stands behind it"),
    "not-yet-valid": Text("chứng thư số chưa có hiệu lực khi ký", "the certificate was not yet valid at signing"),
    "expired": Text("chứng thư số đã hết hạn khi ký", "the certificate had expired at signing"),
    "signature": Text("giá trị chữ ký sai", "the signature value is wrong"),
    "digest": Text("nội dung đã ký bị sửa đổi", "what was signed has changed"),
}


class _Values(dict[str, Any]):
    """Data for a template: codes become words, lists are joined, what is missing becomes an ellipsis."""

    def __init__(self, data: Mapping[str, Any], lang: Lang) -> None:
        super().__init__(data)
        self._lang = lang

    def __missing__(self, key: str) -> str:
        return "…"

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, list):
            return ", ".join(self._word(str(item)) for item in value)
        return self._word(value) if isinstance(value, str) else value

    def _word(self, value: str) -> str:
        code, space, rest = value.partition(" ")
        return WORDS[code].say(self._lang) + space + rest if code in WORDS else value


@dataclass(frozen=True, slots=True)
class Hits:
    """Where a rule is broken: rows of the group of `field`, and the facts of one of them when they are wanted."""

    field: str
    rows: Ints
    data: Callable[[int], Mapping[str, Any]] = lambda _row: {}


Predicate = Callable[[Batch], Iterable[Hits]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the catalogue.

    `basis` names the law by regime of NLap, or one for all (`""`). `first` and `last` bound NLap, both within. `check`
    is None for rules that are decided where the document is opened (ENV) or validated (XSD), or by history.
    """

    code: str
    severity: Severity
    kind: Kind
    title: Text
    message: Text
    hint: Text
    basis: Basis
    check: Predicate | None = None
    first: date = ALWAYS[0]
    last: date = ALWAYS[1]
    example: str = ""

    @property
    def mloi(self) -> str:
        """The four characters that name the rule in the messages 999 and 204: `SUM-03` is `SU03`."""
        group, _, number = self.code.partition("-")
        return group[:2] + number

    @property
    def always(self) -> bool:
        return (self.first, self.last) == ALWAYS

    def legal_basis(self, regime: Regime = "C") -> str:
        return self.basis.get(regime) or self.basis.get("") or next(iter(self.basis.values()))
