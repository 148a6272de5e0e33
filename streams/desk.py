"""What people do about persons and codes: look, reveal, decide. The command line and the console work through it.

Whatever shows or changes personal data is written into the audit log first; without that it does not happen. Every
method may raise Refused and StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from lxml import etree

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from identity import private
from identity.keys import Keyring
from identity.likeness import alike
from identity.masking import mask_taxcode
from identity.provinces import province_key
from identity.roles import Role, Viewer
from identity.sealing import NoSuchKey
from identity.taxcode import kind
from invoice_schema.forms import canonical_mst
from invoice_schema.parser import parse
from storage.audit import AuditLog
from storage.client import connect
from storage.links import Candidate, Links, Question
from storage.persons import Invoice, Noted, Persons, Sealed, Taxpayer
from streams.evidence import unseal
from streams.keys import keyring

_PSEUDONYM: Final = 32
_CONTEXT: Final = "correction"


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
    """For one viewer; `viewer.provinces` bounds what it finds."""

    def __init__(self, persons: Persons, links: Links, log: AuditLog, held: Keyring, viewer: Viewer) -> None:
        self.persons, self.links, self.log, self.keyring, self._viewer = persons, links, log, held, viewer

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
        said = [one.sealed for one in marks if one.mark == "corrected"]
        says = [self.keyring.vault.open(sealed, f"{_CONTEXT}:{ids[0]}".encode()).decode() for sealed in said]
        return Person(ids, count, invoices, self.persons.taxpayers(ids), self.persons.values(ids), marks, says)

    def reveal(self, pseudonym: str, reason: str) -> list[Clear]:
        """The clear values that bear a pseudonym. Raises Refused."""
        ids = self._mine(pseudonym)
        bearers = {*ids, *self.persons.bearers(pseudonym)}
        if any(one.mark == "restricted" for one in self.persons.marks(sorted(bearers))):
            raise Refused("restricted", "the person's data are restricted; see `hoadon person restrict --release`")
        self.note("reveal", pseudonym, reason)
        found = self.persons.value(pseudonym)
        if not found:
            raise Refused("nothing", "the vault holds nothing under this pseudonym")
        return [Clear(one.kind, self.opened(one)) for one in found]

    def restrict(self, pseudonym: str, reason: str, *, release: bool) -> None:
        """Nothing is revealed of a person any more; or again."""
        ids = self._ids(pseudonym)
        self.note("release" if release else "restrict", ids[0], reason)
        for name in ids:
            self.persons.mark(name, "restricted", withdrawn=release)

    def correct(self, pseudonym: str, text: str, reason: str) -> None:
        """Keep, sealed, what a person says is right."""
        ids = self._ids(pseudonym)
        self.note("correct", ids[0], reason)
        sealed = self.keyring.vault.seal(text.encode(), f"{_CONTEXT}:{ids[0]}".encode())
        self.persons.mark(ids[0], "corrected", sealed=sealed)

    def erase(self, pseudonym: str, reason: str) -> None:
        """Delete a person's clear values. Invoices and sealed evidence stay as long as the law wants them kept."""
        ids = self._ids(pseudonym)
        self.note("erase", ids[0], reason)
        self.persons.erase(ids)
        self.persons.mark(ids[0], "erased")

    def opened(self, sealed: Sealed) -> str | None:
        """None where its key was destroyed."""
        try:
            return private.unseal(self.keyring, sealed.kind, sealed.pseudonym, sealed.sealed)
        except NoSuchKey:
            return None
        except InvalidTag as error:
            raise Refused("damaged", f"a value in the vault is damaged or was moved: {sealed.kind}") from error

    def queue(self, side: str = "") -> list[Question]:
        """Codes that lead to nobody or to several, on invoices of sellers of the viewer's provinces."""
        return self.links.queue(side, self._written())

    def candidates(self, code: str) -> list[Proposed]:
        """Who a code may be: who has or had it, else whose name is like the one on an invoice."""
        code = code_of(code)
        found = [Proposed(one, "code", 1.0) for one in self.links.behind(code)]
        if found:
            return found
        name = self._written_name(code)
        if name is None:
            raise Refused("no_invoice", "no invoice bears this code")
        near = self.links.like(name)
        return [Proposed(near[at], "name", score) for at, score in alike(name, [one.name for one in near])]

    def resolve(self, code: str, taxpayer: str, reason: str) -> None:
        """A code is a taxpayer: for all invoices, past ones too."""
        code, mst = code_of(code), canonical_mst(taxpayer.strip())
        if not self.links.is_registered(mst):
            raise Refused("unknown_taxpayer", "the registry knows no such taxpayer")
        self.note("resolve", subject(code), reason, taxpayer=mask_taxcode(mst))
        self.links.resolve(code, mst)

    def withdraw(self, code: str, reason: str) -> None:
        """Take a decision back, as if it had never been."""
        code = code_of(code)
        if not self.decided().get(code):
            raise Refused("not_decided", "nothing is decided about this code")
        self.note("withdraw", subject(code), reason)
        self.links.resolve(code, "")

    def decided(self) -> dict[str, str]:
        """The taxpayer that stands decided of each code, '' where that was withdrawn."""
        return {one.code: one.taxpayer for one in self.links.resolutions()}

    def note(self, action: str, about: str, reason: str, **detail: str) -> None:
        """Write into the audit log. Raises Refused for a reason that says nothing."""
        if len(reason.split()) < 2:
            raise Refused("reason", "a reason is wanted: write why, in some words")
        self.log.append(action, about, reason.strip(), actor=self._viewer.name, role=str(self._viewer.role), **detail)

    def _ids(self, pseudonym: str) -> list[str]:
        """All pseudonyms of the person that bears this one, the newest first; itself where its ID is not known."""
        if not is_pseudonym(pseudonym):
            raise Refused(
                "not_a_pseudonym", "a person is named by its pseudonym, 32 hex digits: see `hoadon person find`"
            )
        for sealed in self.persons.value(pseudonym):
            if sealed.kind == "personal_id" and (value := self.opened(sealed)) is not None:
                return private.pseudonyms(self.keyring, "personal_id", value)
        return [pseudonym]

    def _mine(self, pseudonym: str) -> list[str]:
        ids = self._ids(pseudonym)
        self._within([*ids, pseudonym])
        return ids

    def _within(self, ids: Sequence[str]) -> None:
        """Raises Refused unless a seller's or taxpayer's province is one of the viewer's."""
        mine = self._viewer.provinces
        if mine is not None and not mine & set(map(province_key, self.persons.provinces(ids))):
            raise Refused("not_yours", "nothing of this person lies in your provinces")

    def _written(self) -> list[str] | None:
        mine = self._viewer.provinces
        return None if mine is None else [name for name in self.links.provinces() if province_key(name) in mine]

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
    with connect(settings) as client:
        log = AuditLog(client, held.audit, settings.data)
        yield Desk(Persons(client, settings), Links(client), log, held, viewer or Viewer("", Role.OPERATOR))


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
