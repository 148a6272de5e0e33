"""What is sealed comes out again, also what was sealed before there was a dictionary."""

from __future__ import annotations

import hashlib
from itertools import islice

import pytest
import zstandard
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from identity.sealing import Sealer
from load.generator import packages
from load.merchants import merchant
from streams.evidence import seal, unseal

SEALER = Sealer({1: bytes(32)})


@given(st.binary(max_size=5_000))
def test_any_document_comes_out_as_it_went_in(body: bytes) -> None:
    digest = hashlib.sha256(body).hexdigest()
    assert unseal(SEALER, seal(SEALER, body, digest), digest) == body


def test_a_document_sealed_without_a_dictionary_is_still_read() -> None:
    sealed = SEALER.seal(zstandard.ZstdCompressor().compress(b"<TDiep/>"), b"abc")
    assert unseal(SEALER, sealed, "abc") == b"<TDiep/>"


def test_a_seal_holds_for_its_document_only() -> None:
    with pytest.raises(InvalidTag):
        unseal(SEALER, seal(SEALER, b"<TDiep/>", "abc"), "abd")


def test_a_single_invoice_of_an_unknown_merchant_shrinks_to_a_sixth() -> None:
    shops = [merchant(number) for number in range(1_000, 1_100)]
    bodies = [made.body for made in islice(packages(seed=4, merchants=shops, package_size=1), 100)]
    assert sum(len(seal(SEALER, body, "")) for body in bodies) < sum(map(len, bodies)) / 6
