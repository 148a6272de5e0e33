"""Which packages surely are well-formed and have a faultless envelope, found out from their bytes.

Sound, not complete: a package that passes here, `envelope.open_package` opens with the same envelope and without a
finding; of any other nothing is known, and libxml2 is asked. What passes is written as cash registers write: a usual
XML declaration or none, a plain header, known element names, no markup but tags, at most one attribute in a tag, UTF-8
throughout, no references but the five predefined ones, nothing that is signed (docs/decisions/0011).

`skim` looks at one package by itself, `sound` at the tags of a whole batch at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from invoice_schema import forms
from invoice_schema.envelope import HEADER, OPTIONAL, VERSIONS, Envelope, Opened, open_package
from invoice_schema.limits import DEFAULT, Limits
from invoice_schema.places import VOCABULARY
from invoice_schema.shape import shape
from invoice_schema.signatures.trust import NO_AUTHORITIES, Trust
from invoice_schema.tokens import Elements, Ints, Mask, plain

LARGE: Final = 16 * 1024
"""From so many bytes on `sound` costs a single package less than `sound_alone`."""
_LARGEST: Final = 8 * 1024 * 1024
_MOST_DECORATED: Final = 20_000
_LONGEST_TAG: Final = 500
_CODED: Final = 206

_S: Final = rb"[ \t\r\n]*"
_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    rb"(?:<\?xml version=(?P<v>[\"'])1\.0(?P=v)(?: encoding=(?P<e>[\"'])(?:UTF-8|utf-8)(?P=e))?"
    rb"(?: standalone=(?P<s>[\"'])(?:yes|no)(?P=s))? ?\?>)?"
    + _S
    + rb"<TDiep>" + _S + rb"<TTChung>" + _S
    + rb"(?P<fields>(?:<(?:[A-Za-z]+)(?:>[^<>&\r]*</[A-Za-z]+>|/>)" + _S + rb"){7,8})"
    + rb"</TTChung>" + _S + rb"<DLieu>"
)  # fmt: skip
_FIELD = re.compile(rb"<([A-Za-z]+)(?:>([^<]*)</([A-Za-z]+)|/)>")
_TAIL = re.compile(rb"</DLieu>" + _S + rb"</TDiep>" + _S)
_REFERENCE = re.compile(rb"&(?:lt|gt|amp|quot|apos);")
_ATTRIBUTE = re.compile(rb"[A-Za-z]+[ \t\r\n]+(?!xmlns)[A-Za-z]+=(?:\"[^\"<]*\"|'[^'<]*')[ \t\r\n]*/?")
_NONCHARACTERS: Final = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_TAG = re.compile(rb"<(/?)([A-Za-z0-9]+)([^<>]*)>")
_BARE: Final = (b"", b"/")
_UPPER: Final = 3
"""TDiep, TTChung and DLieu."""
_FORBIDDEN: Final = bytes(sorted({*range(0x20)} - {*b"\t\n\r"}))
_NAMES: Final = frozenset(name.encode() for name in VOCABULARY.known) - {b"DSCKS"}
_HDON, _SIGNATURES = map(VOCABULARY.names_of, ("HDon", "DSCKS"))


class Skimmed(NamedTuple):
    """A package whose envelope has its form, with its bytes from the root on; `fields` counts those of its header."""

    envelope: Envelope
    plain: bytes
    fields: int


def open_quickly(
    body: bytes, limits: Limits = DEFAULT, trust: Trust = NO_AUTHORITIES, received_us: int | None = None
) -> Opened:
    """As `open_package`, but without the tree and its HDon where the bytes tell enough."""
    skimmed = skim(body, limits)
    if skimmed is not None and (sound_alone(skimmed, limits) if len(body) < LARGE else sound([skimmed], limits)[1][0]):
        found = skimmed.envelope
        return Opened((), found, mtdiep=found.mtdiep, mngui=found.mngui)
    return open_package(body, limits, trust, received_us)


def skim(body: bytes, limits: Limits = DEFAULT) -> Skimmed | None:
    """What can be told without looking at the tags of the invoices; None where it is not sure."""
    head = _HEAD.match(body)
    if head is None or len(body) > min(_LARGEST, limits.max_body):
        return None
    end = body.rfind(b"</DLieu>")
    if end < head.end() or not _TAIL.fullmatch(body, end):
        return None
    references = body.count(b"&")
    if references > limits.max_references or (references and references != len(_REFERENCE.findall(body))):
        return None
    fields = _FIELD.findall(head["fields"])
    envelope = _envelope(fields)
    if envelope is None or envelope.sluong > limits.max_invoices:
        return None
    return Skimmed(envelope, plain(body, already=True), len(fields))


def _envelope(fields: Sequence[tuple[bytes, bytes, bytes]]) -> Envelope | None:
    """The envelope of a header that has every field once and in its form, and no finding of ENV-05 … ENV-08."""
    values: dict[str, str] = {}
    for opening, text, closing in fields:
        name = opening.decode()
        if name in values or name not in HEADER or closing not in (opening, b""):
            return None
        try:
            values[name] = text.decode().strip()
        except UnicodeDecodeError:
            return None
        if not HEADER[name].fullmatch(values[name]):
            return None
    if HEADER.keys() - values.keys() - OPTIONAL:
        return None
    found = Envelope(
        pban=values["PBan"],
        mngui=values["MNGui"],
        mnnhan=values["MNNhan"],
        mltdiep=int(values["MLTDiep"]),
        mtdiep=values["MTDiep"],
        mst=forms.canonical_mst(values["MST"]),
        sluong=int(values["SLuong"]),
    )
    fine = found.mltdiep == _CODED and found.mtdiep.startswith(found.mngui) and found.pban in VERSIONS and found.sluong
    return found if fine else None


def sound_alone(package: Skimmed, limits: Limits = DEFAULT) -> bool:
    """As `sound`, tag by tag: for a small package, which columns would cost more."""
    body = package.plain
    tags = _TAG.findall(body)
    if not len(tags) == body.count(b"<") == body.count(b">") or len(body) > limits.max_text:
        return False
    above: list[bytes] = []
    levels: list[bytes] = []
    for closing, name, rest in tags:
        if closing:
            if rest or not above or above.pop() != name:
                return False
            continue
        if name not in _NAMES or not (above or not levels) or (rest not in _BARE and not _is_usual(name + rest)):
            return False
        if len(above) in (1, 2):
            levels.append(name if len(above) == 2 else b"")
        elif not above:
            levels.append(b"")
        if not rest.endswith(b"/"):
            above.append(name)
            if len(above) > limits.max_depth:
                return False
        elif len(above) >= limits.max_depth:
            return False
    third = [name for name in levels if name]
    return (
        not above
        and len(levels) - len(third) == _UPPER
        and third.count(b"HDon") == package.envelope.sluong == len(third) - package.fields
        and len(tags) <= limits.max_elements
        and _is_legal_alone(body)
    )


def _is_legal_alone(data: bytes) -> bool:
    if len(data.translate(None, _FORBIDDEN)) != len(data):
        return False
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return "\ufffe" not in text and "\uffff" not in text


def sound(packages: Sequence[Skimmed], limits: Limits = DEFAULT) -> tuple[Elements | None, Mask]:
    """The elements of `packages` and which of these are surely well-formed; no elements where that is not seen."""
    elements = Elements([package.plain for package in packages], VOCABULARY)
    if not elements.paired or _unrooted(elements).any():
        return None, _apart(packages, limits)
    passed: Mask = np.ones(len(packages), bool)
    for at in (*_strange(elements, limits), *_miscounted(elements, packages, limits)):
        passed[at] = False
    _legal(elements, packages, passed)
    return elements, passed


def _apart(packages: Sequence[Skimmed], limits: Limits) -> Mask:
    """As `sound`, where the tags of a package do not pair up and so those of the others are not seen."""
    passed: Mask = np.zeros(len(packages), bool)
    shapes = [shape(package.plain) for package in packages]
    pick = [place for place, found in enumerate(shapes) if found.plain and found.broken < 0 and not found.instructions]
    if pick and len(pick) < len(packages):
        passed[pick] = sound([packages[place] for place in pick], limits)[1]
    return passed


def _unrooted(elements: Elements) -> Mask:
    """Documents whose levels do not begin and end with the one root."""
    bounds = elements.token_bounds
    after = elements.level - elements.alone
    first, last = bounds[:-1], bounds[1:] - 1
    before = np.where(first > 0, after[first - 1], 0)
    roots = np.diff(np.searchsorted(np.flatnonzero(after <= 0), bounds))
    found: Mask = (before != 0) | (after[last] != 0) | (roots != 1)
    return found


def _strange(elements: Elements, limits: Limits) -> list[Ints]:
    """The documents of tags that are not as they must be, in several pieces."""
    found = [
        *_unmatched(elements),
        elements.tokens_of_starts[_decorated(elements, limits)],
        np.flatnonzero(elements.level > limits.max_depth),
        np.flatnonzero(elements.lengths > limits.max_text),
    ]
    return [elements.documents_of(tokens) for tokens in found if len(tokens)]


def _unmatched(elements: Elements) -> list[Ints]:
    """Tags without a partner of the same known name. The starts and ends of one level stand by turns in a document
    whose levels are right; where one is not, the turns are lost, and what is behind it may fail as well."""
    closing, alone = elements.closing, elements.alone
    tags = np.flatnonzero(~alone)
    depth = (elements.level[tags] + closing[tags]).astype(np.int16)
    order = tags[np.argsort(depth, kind="stable")]
    paired = len(order) // 2 * 2
    starts, ends = order[0:paired:2], order[1:paired:2]
    names = elements.names_of_tokens
    wrong = closing[starts] | ~closing[ends] | (names[starts] != names[ends])
    return [
        starts[wrong],
        ends[wrong],
        order[paired:],
        np.flatnonzero((names == 0) | (names == _SIGNATURES) | (closing & alone)),
    ]


def _decorated(elements: Elements, limits: Limits) -> Ints:
    """Start tags that hold more than their name and one short attribute, or all where there are very many."""
    tags = np.flatnonzero(~elements.bare)
    if len(tags) > min(_MOST_DECORATED, limits.max_attributes):
        return tags
    unusual: Ints = tags[np.array([not _is_usual(elements.start_tag(tag)) for tag in tags.tolist()], bool)]
    return unusual


def _is_usual(tag: bytes) -> bool:
    return len(tag) <= _LONGEST_TAG and _ATTRIBUTE.fullmatch(tag) is not None


def _miscounted(elements: Elements, packages: Sequence[Skimmed], limits: Limits) -> list[Mask]:
    """Documents that hold not what the header says, or too much."""
    starts = elements.level[elements.tokens_of_starts]
    of_starts = np.searchsorted(elements.tokens_of_starts, elements.token_bounds)
    second = np.searchsorted(np.flatnonzero(starts == 2), of_starts)
    third = np.flatnonzero(starts == 3)
    hdons = third[elements.names[third] == _HDON]
    stated = np.array([package.envelope.sluong for package in packages])
    fields = np.array([package.fields for package in packages])
    return [
        np.diff(of_starts) > limits.max_elements,
        np.diff(second) != 2,
        np.diff(np.searchsorted(third, of_starts)) != stated + fields,
        np.diff(np.searchsorted(hdons, of_starts)) != stated,
    ]


def _legal(elements: Elements, packages: Sequence[Skimmed], passed: Mask) -> None:
    """Clear `passed` of what is not UTF-8 or holds characters that XML forbids."""
    if _is_legal(elements.data):
        return
    for place, package in enumerate(packages):
        passed[place] &= _is_legal(package.plain)


def _is_legal(data: bytes) -> bool:
    signs = np.frombuffer(data, np.uint8)
    low = signs[signs < 0x20]
    if not ((low == 0x0A) | (low == 0x0D) | (low == 0x09)).all():
        return False
    if _NONCHARACTERS[0][:1] in data and any(sign in data for sign in _NONCHARACTERS):
        return False
    offsets = pa.py_buffer(np.array([0, len(data)], np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
