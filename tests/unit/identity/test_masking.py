"""Numbers of persons in very many texts at once, as in each alone."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.masking import mask_persons, mask_persons_in

TEXTS = st.lists(st.none() | st.text("0123456789 8+ạ•", max_size=30) | st.just("Vé xe 0912345689 Huế"), max_size=40)


@given(TEXTS, st.integers(0, 40), st.integers(0, 40))
def test_as_in_each_alone(texts: list[str | None], first: int, length: int) -> None:
    some = pa.array(texts, pa.string()).slice(min(first, len(texts)), length)
    assert mask_persons_in(some).to_pylist() == [text and mask_persons(text) for text in some.to_pylist()]


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["Sim 0912345689", "Phở"], ["Sim ••••••••89", "Phở"]),
        (["khách 001199000021"], ["khách ••••••••••21"]),
        (["Sữa 8934567890123", "09123", "45689"], ["Sữa 8934567890123", "09123", "45689"]),
        ([], []),
        ([""], [""]),
    ],
)
def test_barcodes_stay(texts: list[str], shown: list[str]) -> None:
    assert mask_persons_in(pa.array(texts, pa.string())).to_pylist() == shown
