"""What a draft says beyond the sale itself: means of payment, reference of the sale."""

from __future__ import annotations

from itertools import islice

import pytest
from lxml import etree

from invoice_schema import pack
from invoice_schema.schema import PACKAGE_SCHEMA
from load.documents import Draft, buyers_of, envelope_of, menu_of, render
from load.merchants import Merchant, merchants
from load.vendors import VENDORS

SHOPS = {shop.vendor.name: shop for shop in merchants(60)}
ODD = "VÍ A&B <100%> %(said)s"


def draft(shop: Merchant, **more: str) -> Draft:
    menu = menu_of(shop.vendor, shop.sector, shop.level, not shop.household, True)
    made = Draft(
        merchant=shop,
        khhdon="C26MAA",
        shdon=7,
        nlap="2026-11-20",
        mccqt=f"M{shop.khmshdon}-26-{shop.mtt_code}-00000000007",
        lines=list(islice(menu.lines, 2)),
        buyer=buyers_of(shop.vendor).consumers[0],
        time="09:42:11",
        **more,  # type: ignore[arg-type]
    )
    made.settle()
    return made


def read(text: str) -> etree._Element:
    return etree.fromstring(f"<HDons>{text}</HDons>").find("HDon")  # type: ignore[return-value]


def extensions(hdon: etree._Element) -> list[tuple[str | None, ...]]:
    return [tuple(part.text for part in field) for field in hdon.iterfind("DLHDon/TTKhac/TTin")]


@pytest.fixture(params=[vendor.name for vendor in VENDORS])
def shop(request: pytest.FixtureRequest) -> Merchant:
    return SHOPS[request.param]


def test_a_receipt_is_one_more_extension(shop: Merchant) -> None:
    plain, told = read(render(draft(shop))), read(render(draft(shop, receipt=ODD)))
    assert extensions(told) == [*extensions(plain), ("Mã tham chiếu", "string", ODD)]
    field = told.findall("DLHDon/TTKhac/TTin")[-1]
    holder = field.getparent()
    assert holder is not None
    holder.remove(field)
    if not len(holder):
        holder.getparent().remove(holder)  # type: ignore[union-attr]
    assert etree.tostring(told, method="c14n2", strip_text=True) == etree.tostring(
        plain, method="c14n2", strip_text=True
    )


def test_the_means_of_payment_is_what_the_draft_says(shop: Merchant) -> None:
    plain, told = render(draft(shop)), render(draft(shop, method=ODD))
    assert read(plain).findtext("DLHDon/TTChung/HTTToan") == "TM/CK"
    assert read(told).findtext("DLHDon/TTChung/HTTToan") == ODD
    assert plain == render(draft(shop, method="TM/CK", receipt=""))


def test_both_follow_the_schema(shop: Merchant) -> None:
    head, tail = envelope_of(shop)
    hdon = render(draft(shop, method=ODD, receipt=ODD))
    body = head % {"mtdiep": f"{shop.mngui}{'0' * 32}", "invoices": 1} + hdon + tail
    schema = pack.compiled(PACKAGE_SCHEMA)
    assert schema.validate(etree.fromstring(body.encode())), schema.error_log
