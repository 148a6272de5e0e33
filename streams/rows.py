"""Rows of the store for one batch of decided packages, column by column, and the receipts (204) that answer them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from identity.keys import Keyring
from identity.masking import mask_persons_in
from identity.taxcode import kind
from invoice_schema.columns import Mask
from invoice_schema.extras import extras_of
from invoice_schema.findings import Finding
from invoice_schema.forms import canonical_mst
from invoice_schema.tokens import Ints
from rules import catalogue
from rules.batch import days, distinct, read_day, sums
from rules.facts import storable_days
from rules.intake import Document
from rules.judge import Judgement
from rules.rates import read_rate
from rules.report import Decision, decision_of
from storage import schema
from streams import evidence
from streams.buyers import Vault
from streams.receipts import Told, receipt
from streams.wire import Receipt

_TOP: Final = np.uint64(2**63)
_LATEST: Final = np.uint64(2**63 - 1)
_EVER: Final = 2**64 - 1

_FIRST_YEAR, _LAST_YEAR = 22, 99
_PERSON: Final = 12
_LINKED: Final = (
    "province", "sector", "seller_link", "seller_by", "seller_taxpayer", "buyer_link", "buyer_by", "buyer_taxpayer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Package:
    """One package to decide. `document` is None where `findings` (severity P) refuse it; `invoices` counts its HDon."""

    receipt: Receipt
    body: bytes
    document: Document | None
    findings: tuple[Finding, ...]
    mtdiep: str
    mst: str
    invoices: int
    origin: tuple[str, int, int]

    @property
    def sha256(self) -> str:
        return self.receipt.sha256

    @property
    def received_at(self) -> int:
        return self.receipt.received_at

    def refused(self, finding: Finding) -> Package:
        return replace(self, document=None, findings=(*self.findings, finding))


class Batch:
    """`packages` in order; the documents among them were judged together. `decided_at` in µs since the epoch."""

    def __init__(
        self,
        packages: Sequence[Package],
        judgement: Judgement,
        keyring: Keyring,
        vault: Vault,
        decided_at: int,
    ) -> None:
        self._packages, self._judgement = packages, judgement
        self._keyring, self._vault, self._decided_at = keyring, vault, decided_at
        self._judged = np.array([at for at, package in enumerate(packages) if package.document is not None], np.int64)
        self._of = self._judged[judgement.columns.document] if len(self._judged) else np.zeros(0, np.int64)
        self._counts = np.bincount(self._of, minlength=len(packages))
        self._rejected = np.bincount(self._of[judgement.rejected], minlength=len(packages))

    @cached_property
    def decisions(self) -> list[Decision]:
        return [
            decision_of(bool(package.findings), int(invoices), int(rejected))
            for package, invoices, rejected in zip(self._packages, self._counts, self._rejected, strict=True)
        ]

    def tables(self) -> dict[str, pa.Table]:
        """By store table, in the order of writing: the packages' marks come last."""
        beside, sealed = self._vault.buyers(self._judgement.columns, self._fresh, self._decided_at)
        return {
            "vault": sealed,
            "invoices": self._invoices(beside),
            "corrections": self._corrections(),
            "invoice_lines": self._lines(),
            "findings": self._findings(),
            "evidence": self._evidence(),
            "account_days": self._account_days(),
            "sale_days": self._sale_days(),
            "packages": self._marks(),
        }

    @cached_property
    def _fresh(self) -> Mask:
        """Invoices that have a row of their own: they have a key, and were not accepted before."""
        fresh: Mask = (self._judgement.keys.of >= 0) & ~self._judgement.repeated
        return fresh

    @cached_property
    def _accepted(self) -> Mask:
        """Of these the accepted ones."""
        accepted: Mask = self._fresh & ~self._judgement.rejected
        return accepted

    @cached_property
    def _received(self) -> Ints:
        return np.array([package.received_at for package in self._packages], np.int64)[self._of]

    @cached_property
    def _versions(self) -> np.ndarray[Any, np.dtype[np.uint64]]:
        """The first acceptance stays; before that the last rejection shows (design: storage rules)."""
        received = self._received.astype(np.uint64)
        return np.where(self._judgement.rejected, received, _TOP + (_LATEST - received))

    @cached_property
    def _key_columns(self) -> dict[str, Any]:
        keys = self._judgement.keys
        names = [*keys.series, ("", "", "")]
        of = pa.array(keys.of % len(names) if len(keys.series) else keys.of + 1)
        return {
            "period": pa.array([_period(khhdon) for _, _, khhdon in names], pa.uint16()).take(of),
            "mst": pa.array([mst for mst, _, _ in names]).take(of),
            "khmshdon": pa.array([form for _, form, _ in names]).take(of),
            "khhdon": pa.array([series for _, _, series in names]).take(of),
            "shdon": pa.array(keys.numbers).cast(pa.uint32()),
        }

    def _invoices(self, buyers: Mapping[str, pa.Array]) -> pa.Table:
        columns, rows = self._judgement.columns, pa.array(np.flatnonzero(self._fresh))
        of = pa.array(self._of)
        packages, extras = self._packages, extras_of(columns)
        values: dict[str, Any] = {
            **self._key_columns,
            "mccqt": _text(columns.text("MCCQT")),
            "nlap": self._days("TTChung/NLap"),
            "received_at": pa.array(self._received),
            "decided_at": pa.repeat(self._decided_at, columns.invoices),
            "mtdiep": pa.array([package.mtdiep for package in packages]).take(of),
            "sha256": pa.array([package.sha256 for package in packages]).take(of),
            "invoice_index": pa.array(columns.index).cast(pa.uint32()),
            "mltdiep": pa.array([_message_type(package) for package in packages], pa.uint16()).take(of),
            "decision": pc.if_else(pa.array(self._judgement.rejected), "rejected", "accepted"),
            "total_before_vat": _money(columns.number("TToan/TgTCThue")),
            "total_vat": _money(columns.number("TToan/TgTThue")),
            "total": _money(columns.number("TToan/TgTTTBSo")),
            "discount": _money(columns.number("TToan/TTCKTMai")),
            "fees": _sum(columns.owners("LPhi"), columns.number("LPhi/TPhi"), columns.invoices),
            "currency": pc.utf8_upper(pc.fill_null(columns.text("TTChung/DVTTe"), "VND")),
            "exchange_rate": _money(columns.number("TTChung/TGia")).cast(pa.decimal128(18, 6)),
            "buyer_mst": pa.array(distinct(columns.text("NMua/MST"), _business, ""), pa.string()),
            "payment_method": _text(columns.text("TTChung/HTTToan")),
            "solution_provider": _text(columns.text("TTChung/MSTTCGP")),
            "store_code": _text(columns.text("NBan/MCHang")),
            "correction": _text(columns.text("TTHDLQuan/TCHDon")),
            "corrects_khmshdon": _text(columns.text("TTHDLQuan/KHMSHDCLQuan")),
            "corrects_khhdon": _text(columns.text("TTHDLQuan/KHHDCLQuan")),
            "corrects_shdon": _number(columns.text("TTHDLQuan/SHDCLQuan")),
            "corrects_nlap": self._corrected_days,
            "lines": pa.array(np.bincount(columns.owners("HHDVu"), minlength=columns.invoices)).cast(pa.uint32()),
            "content": pa.array(columns.contents, pa.binary(16)),
            "version": pa.array(self._versions),
            **self._links(),
            "seller_code": pa.array(distinct(columns.text("NBan/MST"), _code, ""), pa.string()),
            **buyers,
            "seller_account": self._accounts,
            "issued_at": pa.array(np.where(self._judgement.facts.days > 0, extras.issued_at, 0)),
            "receipt_reference": extras.receipts,
        }
        return schema.table("invoices", {name: pa.array(value).take(rows) for name, value in values.items()})

    @cached_property
    def _corrected_days(self) -> pa.Array:
        """NLap of the invoice that each one corrects; 1970-01-01 where there is none."""
        return _related_day(self._judgement.columns.text("TTHDLQuan/NLHDCLQuan"))

    @cached_property
    def _accounts(self) -> pa.StringArray:
        return _unspaced(self._judgement.columns.text("NBan/STKNHang"))

    def _account_days(self) -> pa.Table:
        """The accounts that accepted invoices name, by day and seller, each once."""
        accepted = self._accepted & (self._judgement.facts.days > 0)
        rows = pa.array(np.flatnonzero(accepted & np.asarray(pc.not_equal(self._accounts, ""))))
        days = pa.array(self._judgement.facts.days, pa.int32()).cast(pa.date32())
        columns = {"day": days, "account": self._accounts, "mst": self._key_columns["mst"]}
        found = pa.table({name: column.take(rows) for name, column in columns.items()})
        found = found.group_by(list(columns), use_threads=False).aggregate([])
        return schema.table("account_days", {name: found[name] for name in columns})

    def _sale_days(self) -> pa.Table:
        """The sellers' days of accepted invoices, and of what those replace or adjust, each once."""
        accepted = self._accepted
        kinds = self._judgement.columns.text("TTHDLQuan/TCHDon")
        correcting = np.asarray(pc.is_in(kinds, pa.array(["1", "2"]), skip_nulls=True)) & accepted
        corrected = np.asarray(self._corrected_days.cast(pa.int32()))[correcting]
        rows = np.concatenate((np.flatnonzero(accepted), np.flatnonzero(correcting)))
        days = np.concatenate((self._judgement.facts.days[accepted], corrected))
        known = days > 0
        found = (
            pa.table(
                {
                    "mst": self._key_columns["mst"].take(pa.array(rows[known])),
                    "day": pa.array(days[known], pa.int32()).cast(pa.date32()),
                }
            )
            .group_by(["mst", "day"], use_threads=False)
            .aggregate([])
        )
        decided = pa.repeat(self._decided_at, found.num_rows)
        return schema.table("sale_days", {"mst": found["mst"], "day": found["day"], "decided_at": decided})

    def _links(self) -> dict[str, Any]:
        """Who the seller and the buyer are. A buyer's personal ID stands in no column."""
        links = self._judgement.links
        if links is None:
            empty = pa.repeat("", self._judgement.columns.invoices)
            return dict.fromkeys(_LINKED, empty)
        is_person = pc.equal(pc.utf8_length(links.buyer.taxpayer), _PERSON)
        return {
            "province": links.province,
            "sector": links.sector,
            "seller_link": links.seller.outcome,
            "seller_by": links.seller.by,
            "seller_taxpayer": links.seller.taxpayer,
            "buyer_link": links.buyer.outcome,
            "buyer_by": links.buyer.by,
            "buyer_taxpayer": pc.if_else(is_person, "", links.buyer.taxpayer),
        }

    def _corrections(self) -> pa.Table:
        """The accepted replacements and adjustments."""
        facts, versions = self._judgement.facts, self._versions.tolist()
        found = []
        for row, correction in facts.corrections.items():
            if self._accepted[row]:
                (mst, form, symbol), number = correction.key
                (_, by_form, by_symbol), by_number = facts.keys[row]
                package = self._packages[self._of[row]]
                found.append(
                    {
                        "mst": mst,
                        "khmshdon": form,
                        "khhdon": symbol,
                        "shdon": number,
                        "kind": correction.kind,
                        "by_khmshdon": by_form,
                        "by_khhdon": by_symbol,
                        "by_shdon": by_number,
                        "mtdiep": package.mtdiep,
                        "sha256": package.sha256,
                        "received_at": package.received_at,
                        "decided_at": self._decided_at,
                        "version": versions[row],
                    }
                )
        return schema.rows("corrections", found)

    def _lines(self) -> pa.Table:
        """Lines of accepted invoices; those of a rejected one stand in the evidence."""
        columns = self._judgement.columns
        accepted = self._accepted
        owners = columns.owners("HHDVu")
        rows = np.flatnonzero(accepted[owners])
        owner, at = pa.array(owners[rows]), pa.array(rows)
        place = np.arange(len(owners)) - np.searchsorted(owners, owners) + 1
        rates = distinct(columns.text("HHDVu/TSuat"), lambda text: read_rate(text).name, "")
        values: dict[str, Any] = {
            **{name: column.take(owner) for name, column in self._key_columns.items()},
            "line": pa.array(place[rows]).cast(pa.uint32()),
            "nlap": self._days("TTChung/NLap").take(owner),
            "tchat": columns.text("HHDVu/TChat").take(at).cast(pa.uint8()),
            "code": _text(columns.text("HHDVu/MHHDVu")).take(at),
            "name": mask_persons_in(_text(columns.text("HHDVu/THHDVu")).take(at)),
            "unit": _text(columns.text("HHDVu/DVTinh")).take(at),
            "quantity": _money(columns.number("HHDVu/SLuong")).take(at),
            "unit_price": _money(columns.number("HHDVu/DGia")).take(at),
            "discount": _money(columns.number("HHDVu/STCKhau")).take(at),
            "amount": _money(columns.number("HHDVu/ThTien")).take(at),
            "vat_rate": pa.array(rates, pa.string()).take(at),
            "version": pa.array(self._versions).take(owner),
        }
        return schema.table("invoice_lines", values)

    def _findings(self) -> pa.Table:
        found = [
            {
                "mtdiep": package.mtdiep,
                "sha256": package.sha256,
                "invoice_index": index,
                "seq": seq,
                "mst": package.mst,
                "khmshdon": form,
                "khhdon": series,
                "shdon": number,
                "code": finding.code,
                "severity": catalogue.RULES[finding.code].severity,
                "path": finding.path or "",
                "line": finding.line or 0,
                "data": orjson.dumps(dict(finding.data)).decode(),
                "found_at": self._decided_at,
                "version": _EVER - self._decided_at,
            }
            for package, index, (form, series, number), findings in self._told()
            for seq, finding in enumerate(findings, 1)
        ]
        return schema.rows("findings", found)

    def _told(self) -> Iterator[tuple[Package, int, tuple[str, str, int], Sequence[Finding]]]:
        """Every set of findings with the package, the invoice's place (0: the package) and its key."""
        for package in self._packages:
            if package.findings:
                yield package, 0, ("", "", 0), package.findings
        for row, findings in self._judgement.findings.items():
            yield self._packages[self._of[row]], int(self._judgement.columns.index[row]), self._key(row), findings

    def _key(self, row: int) -> tuple[str, str, int]:
        if self._judgement.keys.of[row] < 0:
            return "", "", 0
        (_, form, series), number = self._judgement.keys[row]
        return form, series, number

    def _evidence(self) -> pa.Table:
        packages = self._packages
        return schema.table(
            "evidence",
            {
                "mtdiep": [package.mtdiep for package in packages],
                "sha256": [package.sha256 for package in packages],
                "mst": [package.mst for package in packages],
                "received_at": [package.received_at for package in packages],
                "size": [len(package.body) for package in packages],
                "sealed": [evidence.seal(self._keyring.evidence, package.body, package.sha256) for package in packages],
                "version": [_EVER - package.received_at for package in packages],
            },
        )

    def _marks(self) -> pa.Table:
        packages = self._packages
        outcomes = self._outcomes()
        count = len(packages)
        return schema.table(
            "packages",
            {
                "mtdiep": [package.mtdiep for package in packages],
                "sha256": [package.sha256 for package in packages],
                "mst": [package.mst for package in packages],
                "sender": [package.receipt.sender for package in packages],
                "mltdiep": [_message_type(package) for package in packages],
                "received_at": [package.received_at for package in packages],
                "decided_at": [self._decided_at] * count,
                "decision": self.decisions,
                "invoices": self._counts.tolist(),
                "accepted": (self._counts - self._rejected).tolist(),
                "rejected": self._rejected.tolist(),
                "bytes": [len(package.body) for package in packages],
                "topic": [package.origin[0] for package in packages],
                "partition": [package.origin[1] for package in packages],
                "offset": [package.origin[2] for package in packages],
                "receipt": self._receipts(),
                "outcome": [orjson.dumps(outcomes[at]).decode() for at in range(count)],
                "version": [_EVER - self._decided_at] * count,
            },
        )

    def _outcomes(self) -> Mapping[int, list[tuple[Any, ...]]]:
        """[index, mst, khmshdon, khhdon, shdon, decision, NLap] of every invoice, by package; unreadable: None."""
        keys, rejected = self._judgement.keys, self._judgement.rejected.tolist()
        found: dict[int, list[Any]] = defaultdict(list)
        indexes, numbers = self._judgement.columns.index.tolist(), keys.numbers.tolist()
        days = pc.cast(self._judgement.columns.date("TTChung/NLap"), pa.string()).to_pylist()
        for row, (place, series) in enumerate(zip(self._of.tolist(), keys.of.tolist(), strict=True)):
            key = (*keys.series[series], str(numbers[row])) if series >= 0 else (None, None, None, None)
            found[place].append((indexes[row], *key, "rejected" if rejected[row] else "accepted", days[row]))
        return found

    def _receipts(self) -> list[bytes]:
        told: dict[int, list[Told]] = defaultdict(list)
        for row, findings in sorted(self._judgement.findings.items()):
            form, series, number = self._key(row)
            index = int(self._judgement.columns.index[row])
            told[int(self._of[row])].append(Told(index, form, series, str(number or ""), findings))
        return [
            receipt(
                package.receipt,
                mtdiep=package.mtdiep,
                mst=package.mst,
                invoices=package.invoices,
                refused=package.findings,
                told=told.get(at, ()),
            )
            for at, package in enumerate(self._packages)
        ]

    def _days(self, name: str) -> pa.Array:
        return pa.array(storable_days(days(self._judgement.columns.date(name))), pa.int32()).cast(pa.date32())


def _message_type(package: Package) -> int:
    return package.document.envelope.mltdiep if package.document else 0


def _period(khhdon: str) -> int:
    """The year in a well-formed symbol, 2022 … 2099, else 0: made from the key alone, so a key never moves."""
    year = khhdon[1:3]
    if len(khhdon) == 6 and year.isascii() and year.isdigit() and _FIRST_YEAR <= int(year) <= _LAST_YEAR:
        return 2000 + int(year)
    return 0


def _business(text: str) -> str:
    code = canonical_mst(text)
    return code if kind(code) in ("enterprise", "branch") else ""


def _code(text: str) -> str:
    code = canonical_mst(text)
    return code if kind(code) else ""


def _text(values: pa.StringArray) -> pa.Array:
    return pc.fill_null(values, "")


def _unspaced(values: pa.StringArray) -> pa.Array:
    return pc.replace_substring_regex(_text(values), r"[\s\pZ]+", "")


def _money(values: pa.Decimal128Array) -> pa.Array:
    return pc.fill_null(values, pa.scalar(Decimal(0), values.type))


def _sum(owners: Ints, values: pa.Decimal128Array, length: int) -> pa.Array:
    return sums(owners, _money(values), length).cast(schema.MONEY)


def _number(values: pa.StringArray) -> pa.Array:
    readable: Mask = np.asarray(pc.fill_null(pc.match_substring_regex(values, r"^[0-9]{1,8}$"), False))
    return pc.fill_null(pc.if_else(pa.array(readable), values, None), "0").cast(pa.uint32())


def _related_day(values: pa.StringArray) -> pa.Array:
    written = np.array(distinct(values, read_day, np.datetime64("NaT", "D")), "datetime64[D]")
    return pa.array(storable_days(written), pa.int32()).cast(pa.date32())
