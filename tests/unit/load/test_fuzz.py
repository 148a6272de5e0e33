"""5,000 mutated documents get an answer, the same one in every writing, batch and way; so does what once failed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree

from load.fuzz.checks import Failure, check
from load.fuzz.documents import corpus, document
from load.fuzz.rewriting import rewritten
from load.vendors import VENDORS

CRASHES = sorted((Path(__file__).parents[2] / "vectors" / "crashes").glob("*.xml"))
TOGETHER = 100
TALLY: Counter[str] = Counter()


def told(failures: list[Failure]) -> str:
    return "\n\n".join(f"{failure.kind}: {failure.detail}\n{failure.document!r}" for failure in failures)


@pytest.mark.timeout(600)
@settings(
    max_examples=5_000 // TOGETHER,
    derandomize=True,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.integers(0, 2**32), min_size=TOGETHER, max_size=TOGETHER, unique=True))
def test_every_document_is_answered(numbers: list[int]) -> None:
    failures = check([document(0, number) for number in numbers], numbers[0], TALLY)
    assert not failures, told(failures)


def test_the_documents_reach_all_of_the_engine() -> None:
    """Neither nearly all sound nor nearly all refused at the door. Runs after the test above, or makes its own."""
    tally = TALLY or Counter()
    if not tally:
        check([document(0, number) for number in range(1_000)], 0, tally)
    assert min(tally[code] for code in ("ENV-01", "ENV-02", "ENV-04", "accepted", "rejected", "partly_rejected")) > 0
    assert tally["accepted"] + tally["rejected"] + tally["partly_rejected"] > tally.total() / 3


@pytest.mark.parametrize("path", CRASHES, ids=[path.stem for path in CRASHES])
def test_what_once_failed(path: Path) -> None:
    failures = check([path.read_bytes()])
    assert not failures, told(failures)


def test_a_document_is_the_same_for_the_same_number() -> None:
    assert [document(1, number) for number in range(50)] == [document(1, number) for number in range(50)]
    assert len({document(1, number) for number in range(50)}) > 45


def test_the_corpus_has_every_vendor() -> None:
    bodies = b"".join(corpus())
    assert [vendor.name for vendor in VENDORS if vendor.mngui.encode() not in bodies] == []
    assert b"<KHMSHDon>2</KHMSHDon>" in bodies


def test_another_writing_says_the_same() -> None:
    """The other writing is another text with equal elements: what `writing` compares is worth comparing."""
    for number, body in enumerate(corpus()[:40]):
        try:
            root = etree.fromstring(body)
        except etree.XMLSyntaxError:
            continue
        other = rewritten(root, Random(number))
        again = etree.fromstring(other, etree.XMLParser(remove_comments=True))
        assert other != body
        assert leaves(root) == leaves(again)


def leaves(root: etree._Element) -> Counter[tuple[str, str]]:
    tree = root.getroottree()
    return Counter(
        (tree.getpath(leaf), leaf.text or "") for leaf in root.iter("*") if not len(leaf) and leaf.tag != "TTin"
    )
