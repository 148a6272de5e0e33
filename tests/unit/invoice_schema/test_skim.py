"""What passes without being parsed is what the parser would have found: envelope and bytes the same, no finding."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from invoice_schema.envelope import open_package
from invoice_schema.limits import DEFAULT, Limits
from invoice_schema.parser import parse
from invoice_schema.skim import LARGE, open_quickly, skim, sound, sound_alone
from invoice_schema.tokens import plain
from load.fuzz.havoc import TOKENS, havoc
from load.generator import packages
from tests.support.samples import invoice, package

MUTATED = 6_000
AT_ONCE = 60


def passing(bodies: list[bytes], limits: Limits = DEFAULT) -> list[bool]:
    """Whether each passes among the others. What passes is compared with what the parser finds."""
    skimmed = {place: found for place, body in enumerate(bodies) if (found := skim(body, limits)) is not None}
    _, passed = sound(list(skimmed.values()), limits)
    told = [False] * len(bodies)
    for (place, found), fine in zip(skimmed.items(), passed, strict=True):
        told[place] = bool(fine)
        if fine or sound_alone(found, limits):
            opened = open_package(bodies[place], limits)
            assert opened.findings == ()
            assert opened.envelope == found.envelope
            assert opened.plain
            assert found.plain == plain(bodies[place])
            assert len(opened.hdons) == found.envelope.sluong
    return told


def generated(size: int, count: int, seed: int = 7) -> list[bytes]:
    return [made.body for made in islice(packages(seed=seed, merchants=60, package_size=size), count)]


@pytest.mark.parametrize(("size", "count"), [(1, 120), (3, 60), (50, 20)])
def test_what_registers_usually_write_passes(size: int, count: int) -> None:
    bodies = generated(size, count)
    assert all(passing(bodies))
    assert all(sound_alone(found) for body in bodies if (found := skim(body)))


def test_mutated_bytes_pass_only_if_the_parser_finds_the_same() -> None:
    chance = Random(2026)
    originals = generated(1, 40) + generated(3, 20)
    told = []
    for _ in range(MUTATED // AT_ONCE):
        some = [chance.choice(originals) for _ in range(AT_ONCE)]
        told += passing([havoc(body, chance, some[0]) if chance.random() < 0.8 else body for body in some])
    assert 0.2 < sum(told) / len(told) < 0.8


def test_every_token_in_every_kind_of_place() -> None:
    """One token more at a tag, in a tag, in a text and in the header."""
    (body,) = generated(1, 1)
    names = b"<TDiep> <TTChung> <MNGui> </MNGui> <DLieu> <HDon> <Ten> </Ten> </HDon> </TDiep>"
    marks = names.split()
    bodies = [
        body[: at + shift] + token + body[at + shift :]
        for mark in marks
        if (at := body.find(mark)) >= 0
        for shift in (0, 1, len(mark) - 1, len(mark), len(mark) + 1)
        for token in TOKENS
    ]
    told = passing(bodies)
    assert any(told)
    for one, among in zip(bodies, told, strict=True):
        (alone,) = passing([one])
        assert alone or not among


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"</Ten>", b"</ten>"),
        (b"</Ten>", b"</DChi>"),
        (b"<Ten>", b"<Ten Id='1' Id='1'>"),
        (b"<Ten>", b"<Ten xmlns='urn:x'>"),
        (b"<Ten>", b"<x:Ten>"),
        (b"<Ten>", b"<Ten/>"),
        (b"<HDon>", b"<HDon><DSCKS //>"),
        (b"<Ten>", b"<Ten//><Ten>"),
        (b"</HDon>", b"</HDon></DLieu><DLieu>"),
        (b"</DLieu>", b"</DLieu><DLieu></DLieu>"),
        (b"</TDiep>", b"</TDiep><TDiep/>"),
        (b"</TDiep>", b"</TDiep>x"),
        (b"<SLuong>", b"<SLuong>1"),
        (b"<MLTDiep>206", b"<MLTDiep>216"),
        (b"<MNNhan>TCT", b"<MNNhan>TCB"),
        (b"<Ten>", b"<Ten>\xed\xa0\x80"),
        (b"<Ten>", b"<Ten>\xef\xbf\xbf"),
        (b"<Ten>", b"<Ten>\x0b"),
        (b"<Ten>", b"<Ten>&nbsp;"),
        (b"<Ten>", b"<Ten>&"),
        (b"<Ten>", b"<Ten>]]>"),
        (b"<Ten>", b"<Ten><!---->"),
        (b"<HDon>", b"<HDon><DSCKS/>"),
        (b"</DLieu>", b"</DLieu><CKSNNT/>"),
        (b"version='1.0'", b"version=\"1.0'"),
        (b"version='1.0'", b"version='1.1'"),
    ],
)
def test_what_is_not_as_usual_does_not_pass(old: bytes, new: bytes) -> None:
    body = package([invoice()])
    assert passing([body]) == [True]
    assert old in body
    changed = body.replace(old, new, 1)
    assert passing([changed]) == [False]
    skimmed = skim(changed)
    assert skimmed is None or not sound_alone(skimmed)


def test_a_faulty_package_does_not_make_another_pass_or_be_lost() -> None:
    fine = generated(2, 6)
    unclosed = fine[0].replace(b"</HDon>", b"", 1)
    crossed = fine[1].replace(b"</Ten>", b"</DChi>", 1)
    loose = fine[2].replace(b"<Ten>", b"<Ten>a > b ", 1)
    told = passing([fine[3], unclosed, fine[4], crossed, fine[5]])
    assert (told[0], told[1], told[3]) == (True, False, False)
    assert passing([fine[3], loose, fine[4]]) == [True, False, True]


def test_limits_are_kept() -> None:
    (body,) = generated(3, 1)
    shape = parse(body).shape
    assert passing([body], Limits(max_depth=shape.depth, max_invoices=3, max_elements=shape.elements)) == [True]
    assert passing([body], Limits(max_depth=shape.depth - 1)) == [False]
    assert passing([body], Limits(max_invoices=2)) == [False]
    assert passing([body], Limits(max_elements=shape.elements - 1)) == [False]
    assert passing([body], Limits(max_body=len(body) - 1)) == [False]
    assert passing([body], Limits(max_text=3)) == [False]


def test_opening_quickly_tells_the_same() -> None:
    for body in (*generated(50, 4), *generated(1, 4)):
        quick, opened = open_quickly(body), open_package(body)
        assert (quick.findings, quick.envelope, quick.mtdiep, quick.mngui) == (
            opened.findings,
            opened.envelope,
            opened.mtdiep,
            opened.mngui,
        )
    broken = generated(50, 1)[0].replace(b"</Ten>", b"</DChi>", 1)
    assert len(broken) > LARGE
    assert [finding.code for finding in open_quickly(broken).findings] == ["ENV-01"]
