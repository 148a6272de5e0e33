from __future__ import annotations

from decimal import Decimal

import pytest

from payments.camt import read
from payments.payment import Bad, Batch, Unreadable

VERSIONS = [f"{number:02}" for number in range(2, 15)]


def entry(
    amount: str = "174000",
    sign: str = "CRDT",
    *,
    status: str = "<Sts><Cd>BOOK</Cd></Sts>",
    reversal: str = "",
    booked: str = "<DtTm>2026-11-25T19:30:00+07:00</DtTm>",
    reference: str = "<AcctSvcrRef>N1</AcctSvcrRef>",
    details: str = "",
) -> str:
    return (
        f'<Ntry><Amt Ccy="VND">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{reversal}{status}'
        f"<BookgDt>{booked}</BookgDt>{reference}<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>"
        f"<SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>{details}</Ntry>"
    )


def transaction(number: int, amount: str = "", more: str = "") -> str:
    money = f'<Amt Ccy="VND">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>' if amount else ""
    return (
        f"<TxDtls><Refs><AcctSvcrRef>T{number}</AcctSvcrRef><EndToEndId>HD{number}</EndToEndId></Refs>{money}{more}"
        f"<RmtInf><Ustrd>Thanh toan</Ustrd><Ustrd>don {number}</Ustrd></RmtInf></TxDtls>"
    )


def document(*entries: str, version: str = "08", servicer: bool = True) -> bytes:
    bank = "<Svcr><FinInstnId><ClrSysMmbId><MmbId>970436</MmbId></ClrSysMmbId></FinInstnId></Svcr>" if servicer else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.{version}">'
        "<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-25T20:00:00+07:00</CreDtTm></GrpHdr>"
        "<Ntfctn><Id>1</Id><CreDtTm>2026-11-25T20:00:00+07:00</CreDtTm>"
        f"<Acct><Id><Othr><Id>0123456789</Id></Othr></Id>{bank}</Acct>{''.join(entries)}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def names(batch: Batch) -> list[str]:
    return [one.payment_id for one in batch.payments]


def test_an_entry_without_transactions_is_one_payment() -> None:
    batch = read(document(entry()), "vcb")
    (payment,) = batch.payments
    assert batch.bad == []
    assert (payment.source, payment.payment_id, payment.amount, payment.currency) == (
        "vcb",
        "N1",
        Decimal(174_000),
        "VND",
    )
    assert (payment.paid_at, payment.timed) == (1_795_609_800_000_000, True)
    assert (payment.credit_account, payment.bank_bin, payment.channel) == ("0123456789", "970436", "transfer")


def test_the_transactions_of_an_entry_are_its_payments() -> None:
    details = f"<NtryDtls>{transaction(1, '100000')}{transaction(2, '74000')}</NtryDtls>"
    batch = read(document(entry(details=details)), "vcb")
    assert [(one.payment_id, one.amount, one.reference, one.content) for one in batch.payments] == [
        ("T1", Decimal(100_000), "HD1", "Thanh toan don 1"),
        ("T2", Decimal(74_000), "HD2", "Thanh toan don 2"),
    ]


def test_a_day_without_a_time_is_told() -> None:
    (payment,) = read(document(entry(booked="<Dt>2026-11-25</Dt>")), "vcb").payments
    assert (payment.paid_at, payment.timed) == (1_795_539_600_000_000, False)


def test_a_time_without_a_zone_is_vietnams() -> None:
    (payment,) = read(document(entry(booked="<DtTm>2026-11-25T19:30:00</DtTm>")), "vcb").payments
    assert payment.paid_at == 1_795_609_800_000_000


@pytest.mark.parametrize(
    "one",
    [
        entry(status="<Sts><Cd>PDNG</Cd></Sts>"),
        entry(sign="DBIT"),
        entry(reversal="<RvslInd>true</RvslInd>"),
    ],
    ids=["pending", "fee", "a debit taken back"],
)
def test_what_is_no_payment_is_left_out(one: str) -> None:
    batch = read(document(one, entry(reference="<AcctSvcrRef>N2</AcctSvcrRef>")), "vcb")
    assert (names(batch), batch.bad) == (["N2"], [])


def test_a_credit_taken_back_is_a_refund() -> None:
    batch = read(document(entry(sign="DBIT", reversal="<RvslInd>true</RvslInd>")), "vcb")
    assert [one.direction for one in batch.payments] == ["refund"]


def test_what_an_item_lacks_is_named_and_the_others_are_taken() -> None:
    details = f"<NtryDtls>{transaction(1)}{transaction(2, '74000')}</NtryDtls>"
    batch = read(document(entry(details=details), entry(reference=""), entry("0")), "vcb")
    assert names(batch) == ["T2"]
    assert batch.bad == [Bad(0, "Amt", "amount"), Bad(2, "AcctSvcrRef", "missing"), Bad(3, "Amt", "amount")]


def test_the_senders_bank_stands_in_where_the_document_names_none() -> None:
    (payment,) = read(document(entry(), servicer=False), "vcb", "970436").payments
    assert payment.bank_bin == "970436"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_read(version: str) -> None:
    status = "<Sts>BOOK</Sts>" if int(version) < 7 else "<Sts><Cd>BOOK</Cd></Sts>"
    body = document(entry(status=status), version=version)
    assert names(read(body, "vcb")) == ["N1"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "xml"),
        (b"<a>", "xml"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "xml"),
        (b"<Document/>", "version"),
        (document(entry(), version="15"), "version"),
        (document(entry(), version="01"), "version"),
        (document(entry()).replace(b"camt.054", b"camt.053"), "version"),
        (document(entry(amount="1,5")), "schema"),
        (document(entry(sign="PLUS")), "schema"),
    ],
)
def test_what_is_no_notification(body: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as told:
        read(body, "vcb")
    assert told.value.code == code
    assert "passwd" not in str(told.value)
