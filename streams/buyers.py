"""Buyers as persons, for a batch: what stands beside their invoices, and the rows of the vault."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hoadon.common.clock import vietnam_day
from identity import private
from identity.keys import Keyring
from identity.private import Kind, Shown
from identity.taxcode import kind
from invoice_schema.columns import Columns, Mask
from invoice_schema.forms import canonical_mst
from rules.batch import distinct
from rules.buyers import PHRASE
from storage import schema

_MOST: Final = 200_000
_PHRASE: Final = private.normal("name", PHRASE)
_COLUMNS: Final[tuple[tuple[Kind, str], ...]] = (
    ("personal_id", "buyer"),
    ("phone", "buyer_phone"),
    ("name", "buyer_name"),
)


class Vault:
    """Says which values a batch has to bring to the vault: those that no batch brought before on the same day.

    So a value is kept as long as from the last invoice that bore it, and one that was erased comes back with a new one.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._brought: set[tuple[Kind, str]] = set()
        self._day = vietnam_day(0)

    def forget(self) -> None:
        """What was brought may not have been stored."""
        self._brought.clear()

    def buyers(self, columns: Columns, chosen: Mask, at: int) -> tuple[dict[str, pa.Array], pa.Table]:
        """Columns of the table `invoices` for all invoices, and rows of `vault` for the `chosen`; `at` in µs."""
        beside: dict[str, pa.Array] = {}
        rows: dict[tuple[Kind, str], dict[str, Any]] = {}
        if len(self._brought) > _MOST or self._day != vietnam_day(at):
            self.forget()
            self._day = vietnam_day(at)
        for what, name in _COLUMNS:
            values = _values(columns, what)
            found: list[Shown] = distinct(values, partial(private.shown, self._keyring, what), private.NOTHING)
            beside[f"{name}_pseudonym"] = pa.array([one.pseudonym for one in found], pa.string())
            beside[f"{name}_masked"] = pa.array([one.masked for one in found], pa.string())
            stated = np.flatnonzero(chosen & np.asarray(pc.is_valid(values)))
            for row, text in zip(stated.tolist(), values.take(pa.array(stated)).to_pylist(), strict=True):
                key = what, found[row].pseudonym
                if key not in self._brought and key[1]:
                    self._brought.add(key)
                    rows[key] = self._row(what, key[1], text, at)
        return beside, schema.rows("vault", list(rows.values()))

    def _row(self, what: Kind, pseudonym: str, text: str, at: int) -> dict[str, Any]:
        sealed = private.seal(self._keyring, what, pseudonym, text)
        key = self._keyring.vault.newest
        return {"kind": what, "pseudonym": pseudonym, "sealed": sealed, "key": key, "seen_at": at, "version": at}


def _values(columns: Columns, what: Kind) -> pa.StringArray:
    """The personal value of each invoice's buyer, null where there is none."""
    if what == "personal_id":
        by_code, by_id = (
            pa.array(distinct(columns.text(name), _person, None), pa.string()) for name in ("NMua/MST", "NMua/CCCDan")
        )
        return pc.coalesce(by_code, by_id)
    if what == "phone":
        return columns.text("NMua/SDThoai")
    business = pa.array(distinct(columns.text("NMua/MST"), lambda text: not _person(text), False), pa.bool_())
    names = pc.coalesce(columns.text("NMua/HVTNMHang"), pc.if_else(business, None, columns.text("NMua/Ten")))
    return pa.array(distinct(names, _name, None), pa.string())


def _person(text: str) -> str | None:
    code = canonical_mst(text)
    return code if kind(code) == "person" else None


def _name(text: str) -> str | None:
    return None if private.normal("name", text) == _PHRASE else text
