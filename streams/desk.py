"""What people do about persons and codes: look, reveal, decide. The command line and the console work through it.

Whatever shows or changes personal data is written into the audit log first; without that it does not happen. Every
method may raise Refused and StoreUnavailable.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

from cryptography.exceptions import InvalidTag
from lxml import etree

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from identity import private
from identity.keys import Keyring
from identity.likeness import alike
from identity.masking import mask_numbers, mask_taxcode
from identity.private import Kind
from identity.provinces import province_key
from identity.roles import Role, Viewer
from identity.sealing import NoSuchKey
from identity.taxcode import kind
from invoice_schema.forms import canonical_mst
from invoice_schema.parser import parse
from storage.audit import AuditLog
from storage.client import connect
from storage.links import Candidate, Decided, Links, Place, Question, Total
from storage.persons import Invoice, Noted, Persons, Sealed, Taxpayer
from streams.evidence import unseal
from streams.keys import keyring

_PSEUDONYM: Final = 32
_LONGEST: Final = 500


class Refused(UsageError):
    """What was asked is not done. `code`: not_an_id, not_a_pseudonym, not_a_code, reason, restricted, not_yours,
    nothing, damaged, no_invoice, unknown_taxpayer or not_decided.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Person:
    """All that is held, masked. `ids`: the pseudonyms, the newest first; `says`: what the person says is right."""

    ids: Sequence[str]
    count: int
    invoices: Sequence[Invoice]
    taxpayers: Sequence[Taxpayer]
    values: Sequence[Sealed]
    marks: Sequence[Noted]
    says: Sequence[str]


class Clear(NamedTuple):
    """A value of the vault; None where its key was destroyed."""

    kind: str
    value: str | None


class Proposed(NamedTuple):
    """Who a code may be. `why`: `code` (has or had it) or `name` (a like one); `likeness` from 0 to 1."""

    who: Candidate
    why: str
    likeness: float


class Desk:
    """For one viewer. `within`: its provinces, as the registry writes them; they bound what it finds."""

    def __init__(
        self,
        persons: Persons,
        links: Links,
        log: AuditLog,
        held: Keyring,
        viewer: Viewer,
        within: Sequence[str] | None,
    ) -> None:
        self.persons, self.links, self.log, self.keyring = persons, links, log, held
        self._viewer, self._provinces = viewer, within

    def find(self, value: str) -> tuple[str, int, int]:
        """The newest pseudonym of a personal ID, its invoices as buyer, its taxpayers."""
        if kind(value) != "person":
            raise Refused("not_an_id", "a personal ID has 12 digits")
        ids = private.pseudonyms(self.keyring, "personal_id", value)
        self.note("find", ids[0], "looked up by personal ID")
        self._within(ids)
        count, _ = self.persons.invoices(ids, 1)
        return ids[0], count, len(self.persons.taxpayers(ids))

    def show(self, pseudonym: str, reason: str) -> Person:
        ids = self._mine(pseudonym)
        self.note("show", ids[0], reason)
        count, invoices = self.persons.invoices(ids)
        marks = self.persons.marks(ids)
        says = [self._said(one) for one in marks if one.mark == "corrected"]
        return Person(ids, count, invoices, self.persons.taxpayers(ids), self.persons.values(ids), marks, says)

    def reveal(self, pseudonym: str, reason: str) -> list[Clear]:
        """The clear values that bear a pseudonym. Raises Refused."""
        own = self._mine(pseudonym)
        beside = {one for name in own for one in self.persons.bearers(name)}
        bearers = {name for one in {pseudonym, *own, *beside} for name in self._ids(one)}
        if any(one.mark == "restricted" for one in self.persons.marks(sorted(bearers))):
            raise Refused("restricted", "the person's data are restricted; see `hoadon person restrict --release`")
        self.note("reveal", pseudonym, reason)
        found = self.persons.value(pseudonym)
        if not found:
            raise Refused("nothing", "the vault holds nothing under this pseudonym")
        return [Clear(one.kind, self.opened(one)) for one in found]

    def restrict(self, pseudonym: str, reason: str, *, release: bool) -> None:
        """Nothing is revealed of a person any more; or again."""
        ids = self._held(pseudonym)
        self.note("release" if release else "restrict", ids[0], reason)
        for name in ids:
            self.persons.mark(name, "restricted", withdrawn=release)

    def correct(self, pseudonym: str, text: str, reason: str) -> None:
        """Keep, sealed, what a person says is right, after what it said before."""
        ids = self._held(pseudonym)
        self.note("correct", ids[0], reason)
        before = [one for one in self.persons.marks(ids) if one.mark == "corrected"]
        for one in before:
            self.persons.mark(one.pseudonym, "corrected", withdrawn=True)
        self._correct(ids[0], "\n".join([*map(self._said, before), text]))

    def erase(self, pseudonym: str, reason: str) -> None:
        """Delete a person's clear values, or a phone number or name that stands alone.

        Invoices and sealed evidence stay as long as the law wants them kept.
        """
        ids = self._held(pseudonym)
        self.note("erase", ids[0], reason)
        self.persons.erase(ids)
        self.persons.mark(ids[0], "erased")

    def reseal(self) -> int:
        """Seal what older vault keys sealed with the newest; how many values. What cannot be opened is left alone."""
        newest = self.keyring.vault.newest
        self.note("reseal", f"vault-{newest}", "values of older keys are sealed with this one")
        count = 0
        for piece in self.persons.older(newest):
            opened = [(one, value) for one in piece if (value := self.opened(one)) is not None]
            sealed = [
                Sealed(one.kind, one.pseudonym, private.seal(self.keyring, cast(Kind, one.kind), one.pseudonym, value))
                for one, value in opened
            ]
            self.persons.store(sealed, newest)
            count += len(sealed)
        for name, said in self.persons.corrections():
            with contextlib.suppress(NoSuchKey):
                self._correct(name, self.keyring.vault.open(said, _context(name)).decode())
        return count

    def opened(self, sealed: Sealed) -> str | None:
        """None where its key was destroyed."""
        try:
            return private.unseal(self.keyring, sealed.kind, sealed.pseudonym, sealed.sealed)
        except NoSuchKey:
            return None
        except InvalidTag as error:
            raise Refused("damaged", f"a value in the vault is damaged or was moved: {sealed.kind}") from error

    def queue(self, side: str = "", after: Place | None = None, limit: int = 1_000) -> list[Question]:
        """Codes that lead to nobody or to several, on invoices of sellers of the viewer's provinces."""
        return self.links.queue(side, self._provinces, after=after, limit=limit)

    def totals(self, side: str = "") -> list[Total]:
        """Of the whole queue."""
        return self.links.totals(side, self._provinces)

    def question(self, code: str) -> list[Question]:
        """A code of the queue, as seller, as buyer. Raises Refused for one that does not stand there."""
        found = self.links.queue(provinces=self._provinces, code=code) if code else []
        if not found:
            raise Refused("no_invoice", "no invoice bears this code")
        return found

    def candidates(self, code: str) -> list[Proposed]:
        """Who a code may be: who has or had it; unless others had it, also whose name is like the one on an invoice."""
        code = code_of(code)
        found = [Proposed(one, "code", 1.0) for one in self.links.behind(code)]
        if any(one.who.mst != code for one in found):
            return found
        name = self._written_name(code)
        if name is None:
            raise Refused("no_invoice", "no invoice bears this code")
        near = [one for one in self.links.like(name) if one.mst != code]
        return found + [Proposed(near[at], "name", score) for at, score in alike(name, [one.name for one in near])]

    def resolve(self, code: str, taxpayer: str, reason: str) -> None:
        """A code of the queue, or one that was decided, is a taxpayer: for all invoices, past ones too."""
        code, mst = code_of(code), canonical_mst(taxpayer.strip())
        if not self.links.is_registered(mst):
            raise Refused("unknown_taxpayer", "the registry knows no such taxpayer")
        if not self.decided(code).taxpayers:
            self.question(code)
        self.note("resolve", subject(code), reason, taxpayer=mask_taxcode(mst))
        self.links.resolve(code, mst)

    def withdraw(self, code: str, reason: str) -> None:
        """Take a decision back, as if it had never been."""
        code = code_of(code)
        if not self.decided(code).taxpayers:
            raise Refused("not_decided", "nothing is decided about this code")
        self.note("withdraw", subject(code), reason)
        self.links.resolve(code, "")

    def decided(self, code: str = "", limit: int = 100) -> Decided:
        """The decisions that stand (of one `code`), as far as it is on invoices of the viewer's provinces."""
        return self.links.decided(self._provinces, code=code, limit=limit)

    def note(self, action: str, about: str, reason: str, **detail: str) -> None:
        """Write into the audit log; personal IDs and the like in the reason are masked.

        Raises Refused for a reason that says nothing.
        """
        words = [word for word in reason.split() if any(letter.isalnum() for letter in word)]
        if len(words) < 2 or len(reason) > _LONGEST:
            raise Refused("reason", f"a reason is wanted: write why, in some words, {_LONGEST} characters at most")
        self.log.append(
            action,
            about,
            mask_numbers(" ".join(reason.split())),
            actor=self._viewer.name,
            role=str(self._viewer.role),
            **detail,
        )

    def _ids(self, pseudonym: str) -> list[str]:
        """All pseudonyms of the person that bears this one, the newest first; itself where its ID is not known."""
        if not is_pseudonym(pseudonym):
            raise Refused(
                "not_a_pseudonym", "a person is named by its pseudonym, 32 hex digits: see `hoadon person find`"
            )
        for sealed in self.persons.value(pseudonym):
            if (value := self.opened(sealed)) is not None:
                return private.pseudonyms(self.keyring, cast(Kind, sealed.kind), value)
        return [pseudonym]

    def _held(self, pseudonym: str) -> list[str]:
        """As `_ids`. Raises Refused where nothing bears them."""
        ids = self._ids(pseudonym)
        count, _ = self.persons.invoices(ids, 1)
        if not (count or self.persons.taxpayers(ids) or self.persons.values(ids)):
            raise Refused("nothing", "nothing is held under this pseudonym")
        return ids

    def _correct(self, pseudonym: str, text: str) -> None:
        sealed = self.keyring.vault.seal(text.encode(), _context(pseudonym))
        self.persons.mark(pseudonym, "corrected", sealed=sealed)

    def _said(self, one: Noted) -> str:
        try:
            return self.keyring.vault.open(one.sealed, _context(one.pseudonym)).decode()
        except NoSuchKey:
            return "(sealed with a key that was destroyed)"
        except InvalidTag as error:
            raise Refused("damaged", "what the person said is damaged or was moved") from error

    def _mine(self, pseudonym: str) -> list[str]:
        ids = self._ids(pseudonym)
        self._within([*ids, pseudonym])
        return ids

    def _within(self, ids: Sequence[str]) -> None:
        """Raises Refused unless a seller's or taxpayer's province is one of the viewer's."""
        mine = self._viewer.provinces
        if mine is not None and not mine & set(map(province_key, self.persons.provinces(ids))):
            raise Refused("not_yours", "nothing of this person lies in your provinces")

    def _written_name(self, code: str) -> str | None:
        """The name that stands beside a code on an invoice: the seller's, or the buyer's."""
        sample = self.links.sample(code)
        sealed = self.links.evidence(sample) if sample else None
        if sample is None or sealed is None:
            return None
        root = parse(unseal(self.keyring.evidence, sealed, sample.sha256)).root
        party = "NBan" if sample.sells else "NMua"
        found: list[etree._Element] = root.xpath(f"DLieu/HDon[{sample.invoice_index}]/DLHDon/NDHDon/{party}/*")
        texts = {str(one.tag): (one.text or "").strip() for one in found}
        return texts.get("Ten") or texts.get("HVTNMHang") or ""


@contextmanager
def desk(settings: Settings, viewer: Viewer | None = None) -> Iterator[Desk]:
    """Without a `viewer` for whoever runs the command, with all rights: it has the keys. Raises UsageError."""
    held = keyring(settings)
    who = viewer or Viewer("", Role.OPERATOR)
    with connect(settings) as client:
        links, log = Links(client), AuditLog(client, held.audit, settings.data)
        mine = who.provinces
        within = None if mine is None else [name for name in links.provinces() if province_key(name) in mine]
        yield Desk(Persons(client, settings, within), links, log, held, who, within)


def _context(pseudonym: str) -> bytes:
    return f"correction:{pseudonym}".encode()


def is_pseudonym(text: str) -> bool:
    return len(text) == _PSEUDONYM and all(letter in "0123456789abcdef" for letter in text)


def code_of(text: str) -> str:
    """The canonical form of a code of the queue. Raises Refused."""
    if is_pseudonym(text):
        return text
    code = canonical_mst(text)
    if kind(code) is None:
        raise Refused("not_a_code", "a code is a tax code, or the pseudonym of a buyer's personal ID, as listed")
    return code


def subject(code: str) -> str:
    """A code as it stands in the audit log."""
    return code if is_pseudonym(code) else mask_taxcode(code)
