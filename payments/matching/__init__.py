"""Which payments belong to which invoices: the rules of docs/reconciliation.md over the facts of some sellers.

Pure: the outcome follows from the facts, whatever order they come in. A seller's outcome depends on its own facts only;
that of a day on the facts of REACH days around it.
"""

from __future__ import annotations

import polars as pl

from payments.matching import by_amount, by_name, by_order, parts, refunds, settlements
from payments.matching.facts import Facts


def match(payments: pl.DataFrame, invoices: pl.DataFrame, corrections: pl.DataFrame) -> pl.DataFrame:
    """What became of each payment, in the order of `payments`.

    The frames have the columns of payments.matching.schemas. A row holds source, payment_id, kind ('' one split part
    settlement refund), state (matched ambiguous unmatched), score (0…100), reason, invoices (keys), covered (what
    invoices stand behind), group_payments and group_invoices (of an open group), settles (its text speaks of a
    settlement).
    """
    facts = Facts(payments, invoices, corrections)
    refunds.meet(facts)
    settlements.claim(facts)
    named = by_name.match(facts)
    by_amount.match(facts)
    by_order.match(facts)
    by_amount.match(facts)
    by_amount.match_cash(facts)
    parts.match(facts)
    by_name.leave_rests(facts, named)
    by_amount.match_button(facts)
    by_amount.leave_open(facts)
    return facts.result()
