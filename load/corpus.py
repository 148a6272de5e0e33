"""Generated packages, made once and sent again and again as new ones.

Making an invoice costs as much as the service spends on it. So a bounded number of packages is made, and every round
of them moves all numbers on: SHDon and what refers to it, MCCQT, identifiers, and the MTDiep. Where those stand and by
how much they move is found by making the same packages twice, from two first numbers: whatever digits differ is such a
number. What a package must become of follows from its defects and so stays the same in every round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from hoadon.common import clock
from load.generator import Generator, Plan
from load.truth import Package, Tally

MOST_INVOICES: Final = 20_000
"""In a corpus: about 50 MB, and 3 s to make; fewer where each has many lines."""
_USUAL_LINES: Final = 5
FIRST_NUMBER: Final = 10_000_001
"""All numbers have eight digits, so that none changes its length."""
LAST_NUMBER: Final = 99_999_999
_DIGITS: Final = 12
_POWERS: Final = 10 ** np.arange(_DIGITS, dtype=np.int64)
_ZERO: Final = np.uint8(ord("0"))
_MTDIEP: Final = re.compile(rb"<MTDiep>([^<]{32,})</MTDiep>")
_QR: Final = re.compile(rb"<DLQRCode>[^<]*</DLQRCode>")
_ROUND_AT: Final = 24
_ROUND_DIGITS: Final = 8


class Head(NamedTuple):
    """What the sender needs to know of a package.

    `refused` names the rules one of which refuses it: in its 999 or, where it `may_be_taken` (ENV-10), later. What
    becomes of a package depends on those of its `seller` before it.
    """

    mtdiep: str | None
    invoices: int
    refused: tuple[str, ...]
    may_be_taken: bool
    tally: Tally
    seller: str


class _Numbers(NamedTuple):
    """Numbers in a body and by how much each moves in a round; `at` is the place of each digit in the body, `of` its
    number, `power` what it counts."""

    first: np.ndarray[Any, np.dtype[np.int64]]
    step: np.ndarray[Any, np.dtype[np.int64]]
    at: np.ndarray[Any, np.dtype[np.int64]]
    of: np.ndarray[Any, np.dtype[np.int64]]
    power: np.ndarray[Any, np.dtype[np.int64]]


class _Kept(NamedTuple):
    body: bytes
    head: Head
    numbers: _Numbers
    round_at: int


class Corpus:
    """An endless source of packages of `plan`, about `invoices` of them different. After midnight they are made anew,
    unless the plan names a day. Raises ValueError where a number would outgrow its digits."""

    def __init__(self, plan: Plan, invoices: int = MOST_INVOICES) -> None:
        if plan.start < FIRST_NUMBER:
            plan = msgspec.structs.replace(plan, start=FIRST_NUMBER + plan.start - 1)
        self.plan = plan
        most = MOST_INVOICES * _USUAL_LINES // max(_USUAL_LINES, plan.lines)
        self._count = max(1, -(-min(invoices, most) // plan.package_size))
        self._make(plan.day or _today())

    def _make(self, day: date) -> None:
        self._day = day
        first = self.plan.generator()
        first.day = day
        packages = list(islice(first, self._count))
        self.tag = first.tag
        self._step = _used(first, self.plan.start)
        other = msgspec.structs.replace(self.plan, start=self.plan.start + self._step).generator()
        other.day = day
        self._kept = [_kept(*pair) for pair in zip(packages, islice(other, self._count), strict=True)]
        self._at = self._round = 0

    def __iter__(self) -> Iterator[tuple[Head, bytes | bytearray]]:
        return self

    def __next__(self) -> tuple[Head, bytes | bytearray]:
        if self._at == len(self._kept):
            self._next_round()
        kept = self._kept[self._at]
        self._at += 1
        if not self._round:
            return kept.head, kept.body
        return _moved(kept, self._round)

    def _next_round(self) -> None:
        today = self.plan.day or _today()
        if today != self._day:
            start = self.plan.start + (self._round + 1) * self._step
            self.plan = msgspec.structs.replace(self.plan, start=start, seed=self.plan.seed + 1)
            self._make(today)
            return
        self._at = 0
        self._round += 1
        if self.plan.start + (self._round + 1) * self._step > LAST_NUMBER:
            raise ValueError("the numbers of the series are used up")


def _today() -> date:
    return clock.vietnam_day(clock.now_us())


def _used(generator: Generator, start: int) -> int:
    """The most numbers that a series has used, which so is enough for each."""
    return max(
        number - start
        for counters in generator.counters().values()
        for letters, number in counters.items()
        if letters != "code"
    )


def _kept(package: Package, other: Package) -> _Kept:
    truth, body = package.truth, package.body
    head = Head(
        package.mtdiep,
        len(truth.invoices) or body.count(b"<HDon>"),
        truth.codes,
        not truth.refused,
        truth.tally(),
        package.mst,
    )
    found = _MTDIEP.search(body)
    return _Kept(body, head, _numbers(body, other.body), found.end(1) - _ROUND_AT if found else -1)


def _numbers(body: bytes, other: bytes) -> _Numbers:
    """The numbers that differ, outside QR codes (which no rule looks at)."""
    if len(body) != len(other):
        raise ValueError("a number outgrew its digits")
    left, right = np.frombuffer(body, np.uint8), np.frombuffer(other, np.uint8)
    differs = left != right
    for span in _QR.finditer(body):
        differs[span.start() : span.end()] = False
    digit = (left >= _ZERO) & (left <= ord("9"))
    edges = np.flatnonzero(np.diff(digit.view(np.int8), prepend=np.int8(0), append=np.int8(0)))
    begins, ends = edges[0::2], edges[1::2]
    moving = np.unique(np.searchsorted(begins, np.flatnonzero(differs), side="right") - 1)
    begins, ends = begins[moving], ends[moving]
    begins = np.maximum(begins, ends - _DIGITS)
    at = [np.arange(end - 1, begin - 1, -1) for begin, end in zip(begins, ends, strict=True)]
    of = np.repeat(np.arange(len(moving)), ends - begins)
    places = np.concatenate([np.zeros(0, np.int64), *at])
    power = np.concatenate([np.zeros(0, np.int64), *(_POWERS[: end - begin] for begin, end in zip(begins, ends))])  # noqa: B905
    first, second = (
        np.bincount(of, (data[places] - _ZERO) * power, minlength=len(moving)).astype(np.int64)
        for data in (left, right)
    )
    return _Numbers(first, second - first, places, of, power)


def _moved(kept: _Kept, round_: int) -> tuple[Head, bytearray]:
    body, head, numbers = bytearray(kept.body), kept.head, kept.numbers
    values = numbers.first + round_ * numbers.step
    np.frombuffer(body, np.uint8)[numbers.at] = values[numbers.of] // numbers.power % 10 + _ZERO
    if kept.round_at >= 0:
        mark = b"%0*X" % (_ROUND_DIGITS, round_)
        body[kept.round_at : kept.round_at + _ROUND_DIGITS] = mark
        if head.mtdiep is not None:
            head = head._replace(
                mtdiep=head.mtdiep[:-_ROUND_AT] + mark.decode() + head.mtdiep[_ROUND_DIGITS - _ROUND_AT :]
            )
    return head, body
