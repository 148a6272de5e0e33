"""The comparison with other consumers: every peer stores the topic exactly, each invoice once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from load.peers.__main__ import PEERS, bed, fill, markdown, python_of, run
from streams import wire
from tests.support.ports import free_offset

INVOICES = 1_000
SIZE = 10
_PORTS = (9_092, 9_093, 8_123, 8_223, 8_323, 8_324, 8_325)
"""Broker and its controller, store, metrics, bytewax."""

_APART = [peer for peer in PEERS if python_of(peer) != sys.executable]
_MISSING = [peer for peer in _APART if python_of(peer) is None]


@pytest.mark.timeout(300)
def test_peers_store_the_same(tmp_path: Path) -> None:
    chosen = [peer for peer in PEERS if peer.arguments != ("naive",) and peer not in _APART]
    with bed(tmp_path, free_offset(_PORTS)) as made:
        tallies = fill(made, "peers.packages", INVOICES, SIZE, 1)
        fill(made, wire.PACKAGES, INVOICES, SIZE, 5)
        figures = [run(made, peer, "peers.packages", tallies, SIZE, 1, 200) for peer in chosen]
    assert [figure.peer for figure in figures if not figure.exact] == []
    assert all(figure.rate > 0 and figure.consumer > 0 for figure in figures)
    assert all(peer.name in markdown(figures) for peer in chosen)


@pytest.mark.skipif(bool(_MISSING), reason="quix-streams and bytewax are not installed; make peers")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("processes", [1, 2])
def test_peers_of_an_environment_of_their_own_store_the_same(tmp_path: Path, processes: int) -> None:
    with bed(tmp_path, free_offset(_PORTS)) as made:
        tallies = fill(made, "peers.packages", INVOICES, SIZE, 1)
        figures = [run(made, peer, "peers.packages", tallies, SIZE, processes, 120) for peer in _APART]
    assert [figure.peer for figure in figures if not figure.exact] == []
    assert len(figures) == 4
