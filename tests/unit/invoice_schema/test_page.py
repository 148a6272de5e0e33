"""The reference page: complete, with links that lead somewhere. That it is current, test_pages tells."""

from __future__ import annotations

import re

from invoice_schema import model, pack, page
from invoice_schema.fields import FIELDS
from invoice_schema.meanings import meaning

TEXT = "\n".join(page.lines())
ROWS = [line for line in TEXT.splitlines() if line.startswith("| `")]


def test_every_leaf_has_a_meaning_of_its_own_in_both_languages() -> None:
    for message in pack.MESSAGES:
        types = model.types(message)
        for owner in types.values():
            for name, child in owner.children.items():
                if types[child.type].kind == "leaf" and owner.name not in _INVOICE:
                    words = meaning(f"/{name}", owner.name)
                    assert words is not None, f"{owner.name}/{name}"
                    assert words.vi and words.en
    for field in FIELDS:
        words = meaning(f"/TDiep/DLieu/HDon/{field.path}", "")
        assert words is not None and (words.vi, words.en) == (field.vi, field.en)


_INVOICE = {
    "Invoice", "InvoiceHeader", "RelatedInvoice", "Seller", "Buyer", "Line", "RateTotal", "Totals", "Fee",
}  # fmt: skip


def test_every_element_of_every_group_has_a_row() -> None:
    named = {step for row in ROWS for step in re.findall(r"[\w@]+", row.split("|")[1])}
    for message in pack.MESSAGES:
        for type_ in model.types(message).values():
            assert set(type_.children) <= named, type_.name
            assert {f"@{attribute}" for attribute in type_.attributes} <= named, type_.name


def test_links_lead_to_headings() -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = [
        "".join(c for c in heading.lower() if c.isalnum() or c in " -").replace(" ", "-") for heading in headings
    ]
    assert len(set(anchors)) == len(anchors)
    links = set(re.findall(r"\]\(#([^)]*)\)", TEXT))
    assert links and links <= set(anchors)


def test_rows_fill_their_tables() -> None:
    width = 0
    for line in TEXT.splitlines():
        if line.startswith("| ---"):
            width = line.count("|")
        elif line.startswith("| `"):
            assert line.replace("\\|", "").count("|") == width, line


def test_versions_stand_beside_what_they_restrict() -> None:
    (row,) = [row for row in ROWS if row.startswith("| `SHChieu`")]
    assert row.split(" | ")[5] == "2.1.0"
    (code,) = [row for row in ROWS if row.startswith("| `CTTC`")]
    assert code.endswith("| 2.1.0° |")
