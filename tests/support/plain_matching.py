"""The rules of docs/reconciliation.md read plainly, one payment and one invoice at a time, in the page's order.

It shares nothing with `payments/matching.py` but the page: no columns, no indexes, every pair is looked at.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import combinations
from typing import NamedTuple

MINUTE = 60_000_000
"""µs"""

InvoiceKey = tuple[str, str, str, int]
"""mst, khmshdon, khhdon, shdon"""

PaymentKey = tuple[str, str]
"""source, payment_id"""


class PaymentFact(NamedTuple):
    seller: str
    day: date
    source: str
    payment_id: str
    paid_at: int
    timed: bool
    amount: Decimal
    currency: str
    direction: str
    store: str
    reference: str
    content: str

    @property
    def key(self) -> PaymentKey:
        return self.source, self.payment_id

    @property
    def moment(self) -> int | None:
        return self.paid_at if self.timed else None


class InvoiceFact(NamedTuple):
    seller: str
    day: date
    mst: str
    khmshdon: str
    khhdon: str
    shdon: int
    due: Decimal
    currency: str
    issued_at: int | None
    store: str
    receipt: str
    method: str
    former_khhdon: str = ""
    former_shdon: int = 0

    @property
    def key(self) -> InvoiceKey:
        return self.mst, self.khmshdon, self.khhdon, self.shdon


class CorrectionFact(NamedTuple):
    seller: str
    day: date
    mst: str
    khmshdon: str
    khhdon: str
    shdon: int
    value: Decimal
    currency: str
    corrects_khmshdon: str
    corrects_khhdon: str
    corrects_shdon: int

    @property
    def key(self) -> InvoiceKey:
        return self.mst, self.khmshdon, self.khhdon, self.shdon


class Outcome(NamedTuple):
    kind: str
    state: str
    score: int
    reason: str
    invoices: tuple[InvoiceKey, ...] = ()
    covered: Decimal = Decimal(0)
    group_payments: int = 0
    group_invoices: int = 0


# Facts


def stores_disagree(payment: PaymentFact, other: InvoiceFact | PaymentFact) -> bool:
    return payment.store != "" and other.store != "" and payment.store != other.store


def with_known_store(payment: PaymentFact, of_the_day: list[InvoiceFact]) -> PaymentFact:
    """Its store is known only if an invoice of the day has it."""
    known = any(invoice.store == payment.store for invoice in of_the_day)
    return payment if known else payment._replace(store="")


def minutes_apart_at_most(limit: int, payment: PaymentFact, invoice: InvoiceFact) -> bool:
    """Both moments are known and not further apart."""
    if payment.moment is None or invoice.issued_at is None:
        return False
    return abs(payment.moment - invoice.issued_at) <= limit * MINUTE


def moments_disagree(payment: PaymentFact, invoice: InvoiceFact) -> bool:
    if payment.moment is None or invoice.issued_at is None:
        return False
    return not minutes_apart_at_most(15, payment, invoice)


CASH = ("TM", "TIENMAT", "TIỀNMẶT", "CASH")
WITHOUT_CASH = (
    *("CK", "CHUYENKHOAN", "CHUYỂNKHOẢN", "THE", "THẺ", "QR", "QRCODE"),
    *("VIETQR", "VNPAY", "VI", "VÍ", "VIDIENTU", "VÍĐIỆNTỬ"),
)


def says_cash(invoice: InvoiceFact) -> bool:
    return invoice.method in CASH


def tells_means_apart(of_the_day: list[InvoiceFact]) -> bool:
    """There is an invoice of the day that was paid without cash, as it says."""
    return any(invoice.method in WITHOUT_CASH for invoice in of_the_day)


def is_paid_in_cash(invoice: InvoiceFact, of_the_day: list[InvoiceFact]) -> bool:
    return says_cash(invoice) and tells_means_apart(of_the_day)


# What a text names

BEFORE = r"(?<!\w)"
"""No letter, digit or _ stands before."""
AFTER = r"(?!\w)"
NUMBER = "([0-9]+)" + AFTER
SOME = "[ .:#/-]*"

SERIES = re.compile(BEFORE + r"[0-9]?([CK][0-9]{2}[A-Z]{3})[ ./-]*" + NUMBER)
INVOICE_WORD = re.compile(
    BEFORE + f"(?:HD|HOADON|HOA DON|HÓA ĐƠN|HOÁ ĐƠN|BILL|INVOICE|INV){SOME}(?:(?:SO|SỐ|NO){AFTER}{SOME})?(?=[0-9])"
)
SHORT_NUMBER = re.compile("([0-9]{1,8})" + AFTER)
BETWEEN = re.compile(" *[,;+&] *")
DATE_OR_AMOUNT = re.compile("[/.][0-9]")
BARE = re.compile("#*0*([1-9][0-9]{0,7})")
SETTLES = re.compile(BEFORE + "(?:SETTLE|SETTLEMENT|QUYET TOAN|QUYẾT TOÁN|DOI SOAT|ĐỐI SOÁT)" + AFTER)
AMOUNT = r"[ .:=]*([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:Đ|D|VND|VNĐ)?" + AFTER + "(?![.,][0-9])"
GROSS = re.compile(BEFORE + "(?:TONG|TỔNG|GROSS)" + AMOUNT)
FEE = re.compile(BEFORE + "(?:PHI|PHÍ|FEE)" + AMOUNT)
DAY = re.compile(
    r"(?:^|(?<=[ ,;().]))(?:"
    r"(?P<y1>(?:19|20)[0-9]{2})-(?P<m1>[0-9]{2})-(?P<d1>[0-9]{2})"
    r"|(?P<d2>[0-9]{2})/(?P<m2>[0-9]{2})/(?P<y2>(?:19|20)[0-9]{2})"
    r"|(?P<y3>20[0-9]{2})(?P<m3>[0-9]{2})(?P<d3>[0-9]{2})"
    r")(?=[ ,;().]|$)"
)
DAY_PARTS = (("y1", "y2", "y3"), ("m1", "m2", "m3"), ("d1", "d2", "d3"))


@cache
def plainly(text: str) -> str:
    return unicodedata.normalize("NFC", text).upper()


def reference_of(payment: PaymentFact) -> str:
    return plainly(payment.reference.strip())


def text_of(payment: PaymentFact) -> str:
    return f"{reference_of(payment)} {plainly(payment.content)}"


@cache
def words_of(text: str) -> frozenset[str]:
    """The longest runs of letters, digits and ._/- that are four or more long without ._/- at their ends."""
    spaced = "".join(sign if sign.isalnum() or sign in "._/-" else " " for sign in text)
    words = {run.strip("._/-") for run in spaced.split(" ")}
    return frozenset(word for word in words if len(word) >= 4)


@cache
def series_in(text: str) -> frozenset[tuple[str, int]]:
    named = {(found[1], int(found[2])) for found in SERIES.finditer(text)}
    return frozenset((series, number) for series, number in named if 0 < number < 100_000_000)


@cache
def numbers_in(text: str, reference: str) -> frozenset[int]:
    """Those that stand alone, without a series."""
    numbers = set()
    for word in INVOICE_WORD.finditer(text):
        numbers |= set(row_of_numbers(text, word.end()))
    if bare := BARE.fullmatch(reference):
        numbers.add(int(bare[1]))
    return frozenset(number for number in numbers if number > 0)


def row_of_numbers(text: str, start: int) -> list[int]:
    """HD 12, 13, 15; the last one is not of it if it begins a date or an amount."""
    row: list[int] = []
    end = start
    while found := SHORT_NUMBER.match(text, start):
        row.append(int(found[1]))
        end = found.end()
        between = BETWEEN.match(text, end)
        if between is None:
            break
        start = between.end()
    if row and DATE_OR_AMOUNT.match(text, end):
        row.pop()
    return row


def numbers_of(payment: PaymentFact) -> frozenset[int]:
    return numbers_in(text_of(payment), reference_of(payment))


def strongly(payment: PaymentFact, invoice: InvoiceFact) -> bool:
    """The payment names the invoice, or what it replaces, by series and number; or by its receipt."""
    text = text_of(payment)
    series = series_in(text)
    return (
        (invoice.khhdon, invoice.shdon) in series
        or (invoice.former_khhdon, invoice.former_shdon) in series
        or invoice.receipt in words_of(text)
    )


def weakly(payment: PaymentFact, invoice: InvoiceFact) -> bool:
    return not strongly(payment, invoice) and any(has(invoice, number) for number in numbers_of(payment))


def has(invoice: InvoiceFact, number: int) -> bool:
    return number in (invoice.shdon, invoice.former_shdon)


def named(payment: PaymentFact, invoice: InvoiceFact) -> bool:
    return strongly(payment, invoice) or weakly(payment, invoice)


def named_in_agreement(payment: PaymentFact, invoice: InvoiceFact) -> bool:
    return strongly(payment, invoice) or (weakly(payment, invoice) and not stores_disagree(payment, invoice))


def speaks_of_a_settlement(payment: PaymentFact) -> bool:
    text = text_of(payment)
    numbers = numbers_of(payment) | {number for _, number in series_in(text)}
    return len(numbers) >= 2 or SETTLES.search(text) is not None


def amount_told(form: re.Pattern[str], text: str) -> Decimal | None:
    if found := form.search(text):
        digits = re.sub("[.,]", "", found[1])
        return Decimal(digits) if len(digits) <= 18 else None
    return None


def gross_of(payment: PaymentFact) -> Decimal | None:
    text = text_of(payment)
    gross, fee = amount_told(GROSS, text), amount_told(FEE, text)
    if gross is None and fee is not None:
        return payment.amount + fee
    return gross


def told_day(payment: PaymentFact) -> date:
    if found := DAY.search(text_of(payment)):
        year, month, day = ([part for part in found.group(*names) if part] for names in DAY_PARTS)
        try:
            return date(int(year[0]), int(month[0]), int(day[0]))
        except ValueError:
            pass
    return payment.day - timedelta(days=1)


# The rules


def plain_match(
    payments: Sequence[PaymentFact], invoices: Sequence[InvoiceFact], corrections: Sequence[CorrectionFact]
) -> dict[PaymentKey, Outcome]:
    """What becomes of each payment."""
    outcomes: dict[PaymentKey, Outcome] = {}
    for payment in payments:
        if payment.seller == "":
            kind = "refund" if payment.direction == "refund" else ""
            outcomes[payment.key] = Outcome(kind, "unmatched", 0, "no-seller")
    for seller, currency in {(payment.seller, payment.currency) for payment in payments if payment.seller}:
        inside = (seller, currency)
        book = Book(
            [one for one in payments if (one.seller, one.currency) == inside and one.direction == "credit"],
            [one for one in invoices if (one.seller, one.currency) == inside],
        )
        settlements(book)
        for day in {payment.day for payment in book.payments}:
            of_the_day = [one for one in invoices if (one.seller, one.currency, one.day) == (*inside, day)]
            one_day = Book(
                [with_known_store(payment, of_the_day) for payment in book.payments if payment.day == day],
                [invoice for invoice in book.invoices if invoice.day == day],
            )
            equal_and_strongly_named(one_day)
            equal_and_weakly_named(one_day)
            split_by_name(one_day)
            in_cash = [invoice for invoice in one_day.invoices if is_paid_in_cash(invoice, of_the_day)]
            for invoice in in_cash:
                one_day.take(invoice)
            by_amount(one_day)
            by_order(one_day, of_the_day)
            by_amount(one_day)
            one_day.invoices += in_cash
            by_near_moment(one_day, {invoice.due for invoice in in_cash})
            in_cash = [invoice for invoice in in_cash if invoice in one_day.invoices]
            for invoice in in_cash:
                one_day.take(invoice)
            split_bills(one_day)
            one_day.invoices += in_cash
            rounded(one_day)
            parts(one_day)
            wrong_button(one_day, of_the_day)
            open_ones(one_day, of_the_day)
            outcomes |= one_day.outcomes
        outcomes |= book.outcomes
        outcomes |= refunds(
            [one for one in payments if (one.seller, one.currency) == inside and one.direction == "refund"],
            [one for one in corrections if (one.seller, one.currency) == inside],
        )
    return outcomes


class Book:
    """The untaken credits and invoices of one seller in one currency, and what became of the taken."""

    def __init__(self, payments: list[PaymentFact], invoices: list[InvoiceFact]) -> None:
        self.payments = payments
        self.invoices = invoices
        self.moments = {payment.key: payment.moment for payment in payments}
        self.outcomes: dict[PaymentKey, Outcome] = {}

    def close(self, payment: PaymentFact, outcome: Outcome) -> None:
        self.payments = [one for one in self.payments if one.key != payment.key]
        self.outcomes[payment.key] = outcome

    def take(self, invoice: InvoiceFact) -> None:
        self.invoices = [one for one in self.invoices if one.key != invoice.key]

    def match(self, payments: Sequence[PaymentFact], invoice: InvoiceFact, kind: str, score: int, reason: str) -> None:
        """Payments for one invoice; each covers its amount."""
        self.take(invoice)
        for payment in payments:
            self.close(payment, Outcome(kind, "matched", score, reason, (invoice.key,), payment.amount))


def by_time(payment: PaymentFact) -> tuple[int, str, str]:
    return payment.paid_at, payment.source, payment.payment_id


# 1. Settlements


class Claim(NamedTuple):
    payment: PaymentFact
    reason: str
    invoices: list[InvoiceFact]


def settlements(book: Book) -> None:
    speaking = [
        payment
        for payment in book.payments
        if speaks_of_a_settlement(payment) or reference_is_a_batch(payment, window_of(payment, book))
    ]
    claims = []
    for payment in speaking:
        window = window_of(payment, book)
        if len(found := batch(payment, window)) >= 2:
            claims.append(Claim(payment, "batch", found))
        elif len(found := listed(payment, window)) >= 2:
            claims.append(Claim(payment, "listed", found))
    claimed = {invoice.key for claim in claims for invoice in claim.invoices}
    claiming = {claim.payment.key for claim in claims}
    for payment in speaking:
        if payment.key not in claiming and gross_of(payment) is not None:
            found = [one for one in of_the_day(payment, window_of(payment, book)) if one.key not in claimed]
            if len(found) >= 2:
                claims.append(Claim(payment, "day", found))
    for claim in claims:
        others = {invoice.key for other in claims if other is not claim for invoice in other.invoices}
        outcome = settled(claim, any(invoice.key in others for invoice in claim.invoices))
        book.close(claim.payment, outcome)
        if outcome.state == "matched":
            for invoice in claim.invoices:
                book.take(invoice)


def window_of(payment: PaymentFact, book: Book) -> list[InvoiceFact]:
    return [one for one in book.invoices if payment.day - timedelta(days=10) <= one.day <= payment.day]


def batch_of(payment: PaymentFact) -> str:
    return "".join(reference_of(payment).split())


def reference_is_a_batch(payment: PaymentFact, window: list[InvoiceFact]) -> bool:
    """Two or more receipts are the reference, a sign, and letters and digits."""
    reference = batch_of(payment)
    if len(reference) < 6:
        return False
    rests = [one.receipt[len(reference) :] for one in window if one.receipt.startswith(reference)]
    return sum(rest[:1] in tuple("-._/") and rest[1:].isalnum() for rest in rests) >= 2


def batch(payment: PaymentFact, window: list[InvoiceFact]) -> list[InvoiceFact]:
    reference = batch_of(payment)
    if len(reference) < 6:
        return []
    return [one for one in window if any(one.receipt.startswith(reference + sign) for sign in "-._/")]


def listed(payment: PaymentFact, window: list[InvoiceFact]) -> list[InvoiceFact]:
    found = [one for one in window if strongly(payment, one)]
    for number in numbers_of(payment):
        having = [one for one in window if has(one, number)]
        if len(having) != 1:
            having = [one for one in having if one.day == payment.day]
        if len(having) == 1 and having[0] not in found:
            found.append(having[0])
    return found


def of_the_day(payment: PaymentFact, window: list[InvoiceFact]) -> list[InvoiceFact]:
    source = "".join(sign for sign in payment.source.upper() if sign.isalnum())
    if len(source) < 3:
        return []
    return [
        one
        for one in window
        if one.day == told_day(payment) and source in one.method and not stores_disagree(payment, one)
    ]


def settled(claim: Claim, conflict: bool) -> Outcome:
    """The table of section 1, row by row."""
    keys = tuple(sorted(invoice.key for invoice in claim.invoices))
    amount, gross, reason = claim.payment.amount, gross_of(claim.payment), claim.reason
    total = sum((invoice.due for invoice in claim.invoices), Decimal(0))
    ambiguous = Outcome("settlement", "ambiguous", 0, reason, keys)
    if conflict:
        return ambiguous
    if gross is not None:
        if total == gross:
            score = {"batch": 96, "listed": 95, "day": 90}[reason]
            return Outcome("settlement", "matched", score, reason, keys, amount)
        if total < gross and reason in ("batch", "listed"):
            covered = max(amount - (gross - total), Decimal(0))
            return Outcome("settlement", "matched", 85, reason, keys, covered)
        return ambiguous
    if total >= amount and (total - amount) * 100 <= total * 40:
        score = {"batch": 92, "listed": 91}[reason]
        return Outcome("settlement", "matched", score, reason, keys, amount)
    if total < amount:
        return Outcome("settlement", "matched", 80, reason, keys, total)
    return ambiguous


# 2. The same day, by name


Naming = Callable[[PaymentFact, InvoiceFact], bool]


def equal_and_strongly_named(book: Book) -> None:
    """2a, the strong ones."""
    elect(book, strongly, 100)


def equal_and_weakly_named(book: Book) -> None:
    """2a, the weak ones."""
    elect(book, lambda payment, invoice: weakly(payment, invoice) and not stores_disagree(payment, invoice), 97)


def elect(book: Book, naming: Naming, score: int) -> None:
    electors: dict[InvoiceKey, list[PaymentFact]] = {}
    for payment in book.payments:
        such = [one for one in book.invoices if one.due == payment.amount and naming(payment, one)]
        if len(such) == 1:
            electors.setdefault(such[0].key, []).append(payment)
    for invoice in list(book.invoices):
        if invoice.key in electors:
            first, *others = sorted(electors[invoice.key], key=by_time)
            book.match([first], invoice, "one", score, "name")
            for payment in others:
                book.close(payment, Outcome("", "unmatched", 0, "paid-twice"))


def only_ones(pairs: list[tuple[PaymentFact, InvoiceFact]]) -> list[tuple[PaymentFact, InvoiceFact]]:
    """The pairs of which each is the other's only one."""
    payments = Counter(payment.key for payment, _ in pairs)
    invoices = Counter(invoice.key for _, invoice in pairs)
    return [
        (payment, invoice) for payment, invoice in pairs if payments[payment.key] == 1 and invoices[invoice.key] == 1
    ]


def split_by_name(book: Book) -> None:
    """2b."""
    for naming in (strongly, named):
        for invoice, payments in naming_no_other(book, naming):
            if len(payments) >= 2 and sum(payment.amount for payment in payments) == invoice.due:
                score = 96 if all(strongly(payment, invoice) for payment in payments) else 92
                book.match(payments, invoice, "split", score, "name")


def naming_no_other(book: Book, naming: Naming) -> list[tuple[InvoiceFact, list[PaymentFact]]]:
    """Each untaken invoice and the untaken payments that name it and no other untaken one."""
    only = [
        (payment, names[0])
        for payment in book.payments
        if len(names := [invoice for invoice in book.invoices if naming(payment, invoice)]) == 1
    ]
    return [
        (invoice, [payment for payment, its_only in only if its_only.key == invoice.key]) for invoice in book.invoices
    ]


# 3. The same day, by amount


SAME_STORE = ((2, 95, "store-2"), (5, 92, "store-5"), (15, 88, "store-15"), (None, 80, "store-day"))
ANY_STORE = ((2, 90, "time-2"), (5, 86, "time-5"), (15, 82, "time-15"), (None, 70, "day"))


def by_amount(book: Book) -> None:
    in_passes(book, SAME_STORE, ANY_STORE, {payment.amount for payment in book.payments})


def by_near_moment(book: Book, amounts: set[Decimal]) -> None:
    in_passes(book, SAME_STORE[:2], ANY_STORE[:2], amounts)


def wrong_button(book: Book, of_the_day: list[InvoiceFact]) -> None:
    in_cash = [invoice for invoice in book.invoices if is_paid_in_cash(invoice, of_the_day)]
    amounts = {invoice.due for invoice in in_cash}
    while True:
        pairs = [
            (payment, invoice)
            for payment in book.payments
            for invoice in book.invoices
            if payment.amount == invoice.due and invoice.due in amounts and not moments_disagree(payment, invoice)
        ]
        agreeing = [pair for pair in only_ones(pairs) if not stores_disagree(*pair)]
        if not agreeing:
            return
        for payment, invoice in agreeing:
            if invoice in in_cash:
                book.match([payment], invoice, "one", 60, "button")
            else:
                book.match([payment], invoice, "one", 70, "day")


Pass = tuple[int | None, int, str]
"""Minutes, score, reason"""


def in_passes(book: Book, same_store: Sequence[Pass], any_store: Sequence[Pass], amounts: set[Decimal]) -> None:
    for same, passes in ((True, same_store), (False, any_store)):
        for limit, score, reason in passes:
            changed = True
            while changed:
                pairs = [
                    (payment, invoice)
                    for payment in book.payments
                    for invoice in book.invoices
                    if payment.amount == invoice.due
                    and invoice.due in amounts
                    and (not same or (payment.store != "" and payment.store == invoice.store))
                    and close_enough(limit, payment, invoice)
                ]
                agreeing = [pair for pair in only_ones(pairs) if not stores_disagree(*pair)]
                for payment, invoice in agreeing:
                    book.match([payment], invoice, "one", score, reason)
                changed = bool(agreeing)


def close_enough(limit: int | None, payment: PaymentFact, invoice: InvoiceFact) -> bool:
    if limit is None:
        return not moments_disagree(payment, invoice)
    return minutes_apart_at_most(limit, payment, invoice)


# 3b. The same day, by order

BEYOND = (2, 5, 15)
"""Minutes"""
LARGEST_GROUP = 100

Series = tuple[str, str, str]
Mark = tuple[int, int]
"""Number and moment"""


class Bounds(NamedTuple):
    """Of an invoice: the latest counting mark below it, the earliest above."""

    earliest: int | None
    latest: int | None

    def admit(self, moment: int, minutes: int) -> bool:
        beyond = minutes * MINUTE
        if self.earliest is not None and moment < self.earliest - beyond:
            return False
        return self.latest is None or moment <= self.latest + beyond


def by_order(book: Book, of_the_day: list[InvoiceFact]) -> None:
    while any(match_by_order(book, of_the_day, minutes) for minutes in BEYOND):
        pass


def match_by_order(book: Book, of_the_day: list[InvoiceFact], minutes: int) -> bool:
    """Whether there was any."""
    marks = marks_of(book, of_the_day)
    bounds = {invoice.key: bounds_of(invoice, marks) for invoice in book.invoices}
    pairs = []
    for payment in book.payments:
        invoices = [invoice for invoice in book.invoices if invoice.due == payment.amount]
        payments = [one for one in book.payments if one.amount == payment.amount]
        if not payment.timed or max(len(payments), len(invoices)) > LARGEST_GROUP:
            continue
        for invoice in invoices:
            between = bounds[invoice.key]
            if between is None:
                candidate = is_a_rival(payment, invoice)
            else:
                candidate = not stores_disagree(payment, invoice) and between.admit(payment.paid_at, minutes)
            if candidate:
                pairs.append((payment, invoice))
    found = [(payment, invoice) for payment, invoice in only_ones(pairs) if bounds[invoice.key] is not None]
    for payment, invoice in found:
        book.match([payment], invoice, "one", 65, "order")
    return bool(found)


def is_a_rival(payment: PaymentFact, invoice: InvoiceFact) -> bool:
    """An invoice that is not bounded is a candidate that is not matched."""
    return not stores_disagree(payment, invoice) and not moments_disagree(payment, invoice)


def marks_of(book: Book, of_the_day: list[InvoiceFact]) -> dict[Series, list[Mark]]:
    """Moments of payments that are matched to one invoice, and that to no other payment."""
    matched = [(key, outcome.invoices) for key, outcome in book.outcomes.items() if outcome.state == "matched"]
    marks: dict[Series, list[Mark]] = {}
    for invoice in of_the_day:
        paying = [(payment, invoices) for payment, invoices in matched if invoice.key in invoices]
        if is_in_order(invoice) and len(paying) == 1 and len(paying[0][1]) == 1:
            moment = book.moments[paying[0][0]]
            if moment is not None:
                marks.setdefault(invoice.key[:3], []).append((invoice.shdon, moment))
    return marks


def is_in_order(invoice: InvoiceFact) -> bool:
    """It tells no moment and replaces nothing."""
    return invoice.issued_at is None and invoice.former_shdon == 0


def bounds_of(invoice: InvoiceFact, marks: dict[Series, list[Mark]]) -> Bounds | None:
    if not is_in_order(invoice):
        return None
    others = marks.get(invoice.key[:3], [])
    counting = [mark for mark in others if counts(mark, others)]
    below = [moment for number, moment in counting if number < invoice.shdon]
    above = [moment for number, moment in counting if number > invoice.shdon]
    return Bounds(max(below, default=None), min(above, default=None)) if counting else None


def counts(mark: Mark, others: list[Mark]) -> bool:
    number, moment = mark
    return not any(
        (other < number and at - moment > 15 * MINUTE) or (other > number and moment - at > 15 * MINUTE)
        for other, at in others
    )


# 4. Split bills without a name


def split_bills(book: Book) -> None:
    candidates = [
        (together, invoice)
        for together in neighbours(book)
        for invoice in book.invoices
        if sum(payment.amount for payment in together) == invoice.due
        and not any(stores_disagree(payment, invoice) for payment in together)
        and not any(moments_disagree(payment, invoice) for payment in together)
    ]
    for candidate in candidates:
        if not any(share(candidate, other) for other in candidates if other is not candidate):
            payments, invoice = candidate
            score = 75 if invoice.issued_at is None else 85
            book.match(payments, invoice, "split", score, "sum")


def neighbours(book: Book) -> list[list[PaymentFact]]:
    """Each two or three among seven that follow one another, within 15 minutes, of stores that do not disagree."""
    own = {invoice.due for invoice in book.invoices}
    row = sorted((one for one in book.payments if one.timed and one.amount not in own), key=by_time)
    found: list[list[PaymentFact]] = []
    for start, first in enumerate(row):
        following = row[start + 1 : start + 7]
        found += [[first, *others] for others in combinations(following, 1)]
        found += [[first, *others] for others in combinations(following, 2)]
    return [
        together
        for together in found
        if together[-1].paid_at - together[0].paid_at <= 15 * MINUTE
        and not any(stores_disagree(one, other) for one, other in combinations(together, 2))
    ]


def share(one: tuple[list[PaymentFact], InvoiceFact], other: tuple[list[PaymentFact], InvoiceFact]) -> bool:
    return one[1].key == other[1].key or any(payment in other[0] for payment in one[0])


# 4b. What is paid but for a rest


def rounded(book: Book) -> None:
    pairs = [
        (payment, invoice)
        for payment in book.payments
        for invoice in book.invoices
        if payment.currency == "VND"
        and payment.amount % 1000 == 0
        and abs(payment.amount - invoice.due) <= 500
        and named_in_agreement(payment, invoice)
    ]
    for payment, invoice in only_ones(pairs):
        book.match([payment], invoice, "one", 85, "rounded")


def parts(book: Book) -> None:
    for naming in (strongly, named_in_agreement):
        for invoice, payments in naming_no_other(book, naming):
            if payments and sum(payment.amount for payment in payments) < invoice.due:
                score = 80 if all(strongly(payment, invoice) for payment in payments) else 70
                book.match(payments, invoice, "part", score, "name")


# 5. What stays open


def open_ones(book: Book, of_the_day: list[InvoiceFact]) -> None:
    for amount in {payment.amount for payment in book.payments}:
        untaken = [payment for payment in book.payments if payment.amount == amount]
        agreeing = [
            (payment, invoice)
            for payment in untaken
            for invoice in book.invoices
            if invoice.due == amount
            and not stores_disagree(payment, invoice)
            and not moments_disagree(payment, invoice)
        ]
        sizes = len({payment.key for payment, _ in agreeing}), len({invoice.key for _, invoice in agreeing})
        for payment in untaken:
            its_own = [invoice for other, invoice in agreeing if other is payment]
            if its_own:
                only_cash = all(is_paid_in_cash(invoice, of_the_day) for invoice in its_own)
                reason = "cash" if only_cash else "several"
                book.close(payment, Outcome("", "ambiguous", 0, reason, (), Decimal(0), *sizes))
            else:
                book.close(payment, Outcome("", "unmatched", 0, "none"))


# 6. Refunds


def refunds(payments: list[PaymentFact], corrections: list[CorrectionFact]) -> dict[PaymentKey, Outcome]:
    outcomes: dict[PaymentKey, Outcome] = {}
    taken: set[InvoiceKey] = set()

    def candidates() -> list[tuple[PaymentFact, CorrectionFact]]:
        return [
            (payment, correction)
            for payment in payments
            for correction in corrections
            if payment.key not in outcomes
            and correction.key not in taken
            and payment.amount == correction.value
            and abs(payment.day - correction.day) <= timedelta(days=7)
        ]

    def match(pairs: list[tuple[PaymentFact, CorrectionFact]], score: int, reason: str) -> None:
        for payment, correction in pairs:
            if (
                sum(other.key == payment.key for other, _ in pairs) == 1
                and sum(other.key == correction.key for _, other in pairs) == 1
            ):
                outcomes[payment.key] = Outcome("refund", "matched", score, reason, (correction.key,), payment.amount)
                taken.add(correction.key)

    match([pair for pair in candidates() if refund_names(*pair)], 97, "name")
    match(candidates(), 85, "amount")
    still = {payment.key for payment, _ in candidates()}
    for payment in payments:
        if payment.key in still:
            outcomes[payment.key] = Outcome("refund", "ambiguous", 0, "several")
        elif payment.key not in outcomes:
            outcomes[payment.key] = Outcome("refund", "unmatched", 0, "none")
    return outcomes


def refund_names(payment: PaymentFact, correction: CorrectionFact) -> bool:
    series, numbers = series_in(text_of(payment)), numbers_of(payment)
    return (
        (correction.khhdon, correction.shdon) in series
        or (correction.corrects_khhdon, correction.corrects_shdon) in series
        or correction.shdon in numbers
        or correction.corrects_shdon in numbers
    )
