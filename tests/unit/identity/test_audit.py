"""The chain of the audit log: whatever is done to it without the key is noticed."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.audit import Entry, Head, chained, verify

KEY = bytes(range(32))
TEXTS = ("actor", "role", "action", "subject", "reason", "detail")


def chain(length: int) -> tuple[list[Entry], Head]:
    head, entries = Head(), []
    for number in range(length):
        bare = Entry("c", 0, number, "an", "officer", "reveal", f"p{number}", "why", "{}", b"")
        entries.append(chained(KEY, bare, head))
        head = Head(entries[-1].seq, entries[-1].digest)
    return entries, head


def test_a_sound_chain_has_no_problem() -> None:
    entries, head = chain(5)
    assert not list(verify(KEY, entries, head))
    assert not list(verify(KEY, [*entries[:3], entries[2], *entries[3:]], head))
    assert not list(verify(KEY, entries, Head(3, entries[2].digest)))
    assert not list(verify(KEY, [], None))


@given(st.integers(1, 8), st.data())
def test_every_removal_is_noticed(length: int, data: st.DataObject) -> None:
    entries, head = chain(length)
    kept = data.draw(st.sets(st.integers(0, length - 1), max_size=length - 1))
    left = [entries[number] for number in sorted(kept)]
    assert list(verify(KEY, left, head))


@given(st.integers(1, 6), st.data())
def test_every_change_is_noticed(length: int, data: st.DataObject) -> None:
    entries, head = chain(length)
    at = data.draw(st.integers(0, length - 1))
    name = data.draw(st.sampled_from([*TEXTS, "at", "previous", "digest"]))
    values = {"at": 10**9, "previous": bytes([1] * 32), "digest": bytes([2] * 32)}
    entries[at] = msgspec.structs.replace(entries[at], **{name: values.get(name, "other")})
    assert list(verify(KEY, entries, head))


@pytest.mark.parametrize("name", TEXTS)
def test_another_text_beside_a_sound_entry_is_noticed(name: str) -> None:
    """Under its number and its digest, behind it or before it."""
    entries, head = chain(3)
    forged = msgspec.structs.replace(entries[1], **{name: "other"})
    for places in ([entries[1], forged], [forged, entries[1]]):
        assert {problem.seq for problem in verify(KEY, [entries[0], *places, entries[2]], head)} >= {2}


def test_a_chain_written_with_another_key_is_noticed() -> None:
    entries, _ = chain(3)
    bare = msgspec.structs.replace(entries[2], reason="other")
    entries[2] = chained(bytes(32), bare, Head(2, entries[1].digest))
    assert [problem.seq for problem in verify(KEY, entries)] == [3]


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1)])
def test_another_order_is_noticed(order: tuple[int, ...]) -> None:
    entries, head = chain(3)
    assert list(verify(KEY, [entries[at] for at in order], head))
