"""What a run was asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hoadon.common.authorities import read_authorities
from hoadon.common.clock import vietnam_day
from hoadon.common.errors import UsageError
from invoice_schema.envelope import DEFAULT, Limits
from invoice_schema.signatures.trust import NO_AUTHORITIES, Trust
from rules.outages import NONE, Outages
from rules.rule import Lang

if TYPE_CHECKING:
    from identity.registry import Registry

Form = Literal["text", "json", "sarif", "junit"]
Detail = Literal["full", "line", "none"]


@dataclass(frozen=True, slots=True)
class Context:
    """What judging depends on besides the documents. Goes to every worker process, so it can be pickled.

    `received_us` is the time of receipt. Rules that need it, or the registry, are silent without.
    """

    received_us: int | None = None
    limits: Limits = DEFAULT
    registry: Registry | None = None
    outages: Outages = NONE
    trust: Trust = NO_AUTHORITIES

    @property
    def received(self) -> date | None:
        """The Vietnamese day of receipt."""
        return None if self.received_us is None else vietnam_day(self.received_us)


@dataclass(frozen=True, slots=True)
class Options:
    """How the result is told. `max_findings` 0 shows all; `jobs` None lets the number of documents decide."""

    form: Form = "text"
    lang: Lang = "vi"
    detail: Detail = "full"
    max_findings: int = 100
    show_values: bool = False
    jobs: int | None = None


def context_of(
    received_at: str | None, registry: Path | None, outages: Path | None, trust: Path | None, *, allow_sha1: bool
) -> Context:
    """The context of the options that feed rules. Raises UsageError."""
    context = Context(
        received_us=None if received_at is None else instant_us(received_at),
        trust=Trust(read_authorities(trust), allow_sha1),
    )
    if registry is not None:
        from hoadon.validate.feeds import read_registry

        context = replace(context, registry=read_registry(registry))
    if outages is not None:
        from hoadon.validate.feeds import read_outages

        context = replace(context, outages=read_outages(outages))
    return context


def instant_us(text: str) -> int:
    """An RFC 3339 instant as microseconds. Raises UsageError."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--received-at: {text!r} is not an RFC 3339 instant") from None
    if instant.tzinfo is None:
        raise UsageError("--received-at: the instant needs an offset, as in 2026-11-22T21:00:00+07:00")
    return int(instant.timestamp() * 1_000_000)
