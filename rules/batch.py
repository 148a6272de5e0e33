"""A batch of invoices as the predicates see it: the document's columns and the facts of receipt, with shared results.

What several rules need is computed once per batch. Per-value work (check digits, rates, dates) is done once per
distinct value: a batch has thousands of rows and few sellers, rates and days.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from identity.registry import LATEST, Facts, Found, How, Registry
from invoice_schema import forms
from invoice_schema.columns import Columns, Mask
from invoice_schema.fields import Group
from invoice_schema.tokens import Ints
from rules import references
from rules.outages import NONE, Outages
from rules.rates import Rate, read_rate

Days = npt.NDArray[np.datetime64]

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
EXACT: Final = pa.decimal256(66, 18)
_THOUSANDTH: Final = pa.scalar(Decimal("0.001"), pa.decimal128(4, 3))


@dataclass(frozen=True, slots=True)
class Sellers:
    """The seller of each invoice as the registry knows it on NLap. `asked`: there was a registry at that moment."""

    found: Found
    facts: Facts
    asked: Mask

    @property
    def listed(self) -> Mask:
        """Not branches that only their head office vouches for: whose name and code nobody knows."""
        unlisted: Mask = np.isin(self.found.how, (How.HEAD_OFFICE, How.FORMER_HEAD_OFFICE))
        return ~unlisted


@dataclass(frozen=True, slots=True)
class Buyers:
    """The buyer of each invoice in the registry: by NMua/MST, and where that leads to nobody by CCCDan."""

    by_code: Found
    by_person: Found


@dataclass(frozen=True)
class Batch:
    """`mltdiep`, `mst` (canonical), `received` (the day in Vietnam, NaT: unknown) and `known` stand per document.

    `known` is the moment (µs) of which the registry's knowledge counts. Without a `registry` no rule on it finds
    anything.
    """

    columns: Columns
    mltdiep: Ints
    mst: Sequence[str]
    received: Days
    registry: Registry | None = None
    outages: Outages = NONE
    known: Ints | None = None

    def of_invoice(self, per_document: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return per_document[self.columns.document]

    @cached_property
    def nlap(self) -> Days:
        """Issue dates; NaT where the schema refuses the invoice."""
        return days(self.columns.date("TTChung/NLap"))

    @cached_property
    def year(self) -> Ints:
        """The year of NLap, 0 where unknown."""
        years = self.nlap.astype("datetime64[Y]").astype(np.int64) + 1970
        return np.where(np.isnat(self.nlap), 0, years)

    @cached_property
    def corrections(self) -> Mapping[int, references.Reference]:
        """What replacements and adjustments name, by invoice; without those whose reference cannot be read."""
        return references.read(self.columns)

    @cached_property
    def known_of_invoice(self) -> Ints:
        """The moment of which knowledge counts, for each invoice."""
        if self.known is None:
            return np.full(self.columns.invoices, LATEST)
        return self.known[self.columns.document]

    @cached_property
    def sellers(self) -> Sellers | None:
        """None without a registry."""
        if self.registry is None:
            return None
        known = self.known_of_invoice
        found = look_up(self.registry, self.columns.text("NBan/MST"), known)
        moments = self.registry.moments
        asked = known >= moments[0] if len(moments) else np.ones(len(known), bool)
        return Sellers(found, self.registry.facts(found.places, self.nlap, known), asked)

    @cached_property
    def buyers(self) -> Buyers | None:
        """None without a registry."""
        if self.registry is None:
            return None
        known = self.known_of_invoice
        by_code = look_up(self.registry, self.columns.text("NMua/MST"), known)
        persons = self.columns.text("NMua/CCCDan")
        asked = pc.and_(pc.equal(pc.utf8_length(persons), 12), pa.array(by_code.places < 0))
        return Buyers(by_code, look_up(self.registry, pc.if_else(asked, persons, None), known))

    @cached_property
    def form(self) -> npt.NDArray[np.int8]:
        """KHMSHDon as a number, 0 where unknown."""
        return np.asarray(pc.fill_null(self.columns.integer("TTChung/KHMSHDon"), 0), np.int8)

    @cached_property
    def has_code(self) -> Mask:
        """Invoices whose MCCQT has its form."""
        formed = pc.match_substring_regex(self.columns.text("MCCQT"), f"^{forms.MCCQT}$")
        return np.asarray(pc.fill_null(formed, False))

    @cached_property
    def has_rates(self) -> Mask:
        """Invoices with an LTSuat that states anything; an empty one is absent."""
        stated = [np.asarray(pc.is_valid(self.columns.text(f"LTSuat/{name}"))) for name in ("TSuat", "ThTien", "TThue")]
        return self.any_of("LTSuat", np.logical_or.reduce(stated))

    @cached_property
    def taxed(self) -> Mask:
        """Invoices that VAT and SUM rules treat as KHMSHDon 1: form 1, and forms 3–9 where they carry LTSuat."""
        found: Mask = self.columns.valid & ((self.form == 1) | ((self.form > 2) & self.has_rates))
        return found

    @cached_property
    def summed(self) -> Mask:
        """Invoices that the VAT and SUM rules look at: forms 1 and 2, and 3–9 where they carry LTSuat."""
        found: Mask = self.taxed | (self.columns.valid & (self.form == 2))
        return found

    @cached_property
    def kinds(self) -> npt.NDArray[np.int8]:
        """TChat of each line, 0 where unknown."""
        return np.asarray(pc.fill_null(self.columns.integer("HHDVu/TChat"), 0), np.int8)

    @cached_property
    def counted(self) -> Mask:
        """Lines that count in sums: TChat 1, 3 and 5."""
        return np.isin(self.kinds, (1, 3, 5))

    @cached_property
    def line_amounts(self) -> pa.Array:
        """ThTien of each line as it counts: TChat 3 subtracts; 2 and 4 count nothing."""
        amounts = pc.fill_null(self.columns.number("HHDVu/ThTien"), Decimal(0))
        amounts = pc.if_else(pa.array(self.kinds == 3), pc.negate(amounts), amounts)
        return pc.if_else(pa.array(self.counted), amounts, pa.scalar(Decimal(0), amounts.type))

    @cached_property
    def line_rates(self) -> tuple[Ints, list[Rate]]:
        return self._rates("HHDVu/TSuat")

    @cached_property
    def total_rates(self) -> tuple[Ints, list[Rate]]:
        return self._rates("LTSuat/TSuat")

    @cached_property
    def counted_lines(self) -> Ints:
        """Number of counted lines of each invoice."""
        return self.count("HHDVu", self.counted)

    @cached_property
    def foreign(self) -> Mask:
        """Invoices in another currency than VND."""
        return broken(self.columns.text("TTChung/DVTTe"), lambda code: code.upper() == "VND")

    def tolerances(self, counts: Ints, invoices: Ints) -> pa.Array:
        """tol(n) for n = `counts`: 1 + 0.5·n VND, a hundredth of that in the other currencies (rules.md)."""
        thousandths = (counts + 2) * np.where(self.foreign[invoices], 5, 500)
        return pc.multiply(pa.array(thousandths).cast(pa.decimal128(19, 0)), _THOUSANDTH).cast(EXACT)

    def apart(self, stated: pa.Array, computed: pa.Array, counts: Ints, invoices: Ints) -> Mask:
        """Where two amounts differ by more than tol(`counts`); false where one of them is unknown."""
        difference = pc.abs(pc.subtract(wide(stated), wide(computed)))
        beyond = pc.greater(difference, self.tolerances(counts, invoices))
        return np.asarray(pc.fill_null(beyond, False))

    def count(self, group: Group, chosen: Mask) -> Ints:
        return np.bincount(self.columns.owners(group)[chosen], minlength=self.columns.invoices)

    def any_of(self, group: Group, chosen: Mask) -> Mask:
        return self.count(group, chosen) > 0

    def total(self, group: Group, amounts: pa.Array) -> pa.Array:
        """The exact sum of `amounts` (one per row of `group`) for each invoice, 0 where there is no row."""
        return sums(self.columns.owners(group), amounts, self.columns.invoices)

    def _rates(self, name: str) -> tuple[Ints, list[Rate]]:
        codes = self.columns.text(name).dictionary_encode()
        read = [read_rate(text) for text in codes.dictionary.to_pylist()]
        index = np.asarray(pc.fill_null(codes.indices, -1), np.int64)
        return index, read


def days(values: pa.Date32Array) -> Days:
    """Dates as numpy days, null as NaT."""
    result = np.asarray(pc.fill_null(values.cast(pa.int32()), 0)).astype("datetime64[D]")
    result[np.asarray(pc.is_null(values))] = np.datetime64("NaT", "D")
    return result


def read_day(text: str) -> np.datetime64:
    """A date written YYYY-MM-DD; NaT for any other text."""
    try:
        return np.datetime64(date.fromisoformat(text) if _DAY.fullmatch(text) else "NaT", "D")
    except ValueError:
        return np.datetime64("NaT", "D")


def distinct(values: pa.StringArray, judge: Callable[[str], Any], null: Any = False) -> list[Any]:
    """`judge` of each value, called once per distinct one; `null` where there is none."""
    if values.null_count == len(values):
        return [null] * len(values)
    codes = values.dictionary_encode()
    verdicts = [judge(text) for text in codes.dictionary.to_pylist()]
    return [null if index is None else verdicts[index] for index in codes.indices.to_pylist()]


def look_up(registry: Registry, codes: pa.StringArray, known: Ints) -> Found:
    """The taxpayers behind tax codes as they are written, asked once for each distinct one and state of knowledge."""
    encoded = codes.dictionary_encode()
    of = np.asarray(pc.fill_null(encoded.indices, -1), np.int64)
    canonical = pa.array([forms.canonical_mst(text) for text in encoded.dictionary.to_pylist()], pa.string())
    states = np.searchsorted(registry.moments, known, "right")
    if len(known) and states.min() != states.max():
        asked, at = np.unique(np.stack([of, states]), axis=1, return_inverse=True)
        moments = np.append(np.int64(-1), registry.moments)[asked[1]]
        found = registry.find(canonical.take(pa.array(asked[0], mask=asked[0] < 0)), moments)
        return found.take(np.where(of < 0, -1, at.reshape(-1)))
    moment = known[0] if len(known) else LATEST
    return registry.find(canonical, np.full(len(canonical), moment)).take(of)


def broken(values: pa.StringArray, judge: Callable[[str], bool]) -> Mask:
    """Where a value is present and `judge` says no, once per distinct value."""
    if values.null_count == len(values):
        return np.zeros(len(values), bool)
    codes = values.dictionary_encode()
    bad = np.array([not judge(text) for text in codes.dictionary.to_pylist()] + [False], bool)
    found: Mask = bad[np.asarray(pc.fill_null(codes.indices, -1))]
    return found


def wide(amounts: pa.Array) -> pa.Array:
    """Amounts in a type that sums and products of the format's numbers fit into."""
    return amounts.cast(EXACT)


def sums(places: Ints, amounts: pa.Array, length: int) -> pa.Array:
    """The exact sums of `amounts` by place, 0 where nothing falls."""
    table = pa.table({"place": places, "x": amounts}).group_by("place").aggregate([("x", "sum")])
    at = np.full(length, -1)
    at[table["place"].to_numpy()] = np.arange(table.num_rows)
    found = table["x_sum"].combine_chunks()
    return pc.fill_null(found.take(pa.array(at, mask=at < 0)), pa.scalar(Decimal(0), found.type))
