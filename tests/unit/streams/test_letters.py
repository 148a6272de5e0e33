"""A dead letter is kept as it came, whatever odd shape it has, and can be opened again."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoadon.common import metrics
from identity.keys import Keyring, ensure_keys
from identity.sealing import Sealer
from streams import letters, wire
from streams.engine import DeadLetter, Message


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    ensure_keys(tmp_path / "keys")
    return Keyring.load(tmp_path / "keys").evidence


@pytest.mark.parametrize("headers", [{}, {"sha256": b"zz", "x": None}])
@pytest.mark.parametrize("value", [b"junk", b"", None])
def test_a_letter_comes_back_as_it_was(sealer: Sealer, headers: dict[str, bytes], value: bytes | None) -> None:
    letter = DeadLetter(Message(wire.PACKAGES, 3, 7, 0, b"k", headers, value), "bad-message", "", value or b"", 0)
    opened = letters.open_sealed(sealer, letters.seal(sealer, letter), letters.origin(letter))
    assert (opened.key, dict(opened.headers), opened.value) == (b"k", headers, value)


def test_alerts_have_a_zero_before_the_first_event() -> None:
    for metric in (metrics.OFFSET_GAPS, metrics.DEAD_LETTERS, metrics.RETRIES):
        assert [sample for family in metric.collect() for sample in family.samples if sample.name.endswith("_total")]
