"""Payments and invoices in a real browser: chart, filter, a seller's day; wide, narrow, dark, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from hoadon.artifacts import web_files
from hoadon.common.settings import Settings
from tests.e2e.test_console_page import FAINT, UNNAMED, figure
from tests.support.browser import chromium, watched
from tests.support.console import ConsoleProcess
from tests.support.payment_rows import DAY, HOUSEHOLD, SERIES, SHOP, paid_store


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    web_files()
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with paid_store(tmp_path_factory.mktemp("paid-store")) as settings:
        yield settings


@pytest.fixture(scope="module")
def console(store: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    with ConsoleProcess(tmp_path_factory.mktemp("paid-console"), store.store_port) as running:
        yield running


def context(browser: Browser, **options: object) -> BrowserContext:
    return browser.new_context(**({"locale": "vi-VN", "viewport": {"width": 1440, "height": 900}} | options))  # type: ignore[arg-type]


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("width", [1440, 390])
def test_from_the_figures_to_a_payment_and_back(
    browser: Browser, console: ConsoleProcess, tmp_path: Path, width: int
) -> None:
    with (
        context(browser, viewport={"width": width, "height": 900}) as tab,
        watched(tab, console.url) as watch,
    ):
        page = watch.page
        page.goto(console.url)
        page.get_by_role("link", name="Thanh toán", exact=True).click()
        expect(page).to_have_title("Thanh toán và hóa đơn · hoadon")
        assert figure(page, "Đã lập hóa đơn") == "1.500.000 ₫"
        assert figure(page, "Thanh toán không tiền mặt") == "1.845.000 ₫"
        assert figure(page, "Có hóa đơn") == "700.000 ₫"
        assert figure(page, "Nhiều khả năng") == "100.000 ₫"
        assert figure(page, "Chưa có hóa đơn") == "1.045.000 ₫"
        assert figure(page, "Hoàn tiền chưa điều chỉnh") == "50.000 ₫"
        expect(page.locator("#others tbody tr")).to_contain_text("10,50 USD")
        expect(page.locator("#chart-days canvas")).to_be_visible()
        expect(page.locator("#panel-sellers tbody tr")).to_have_count(4)
        expect(page.locator("#shares-month tbody tr").first).to_contain_text(f"{DAY:%m/%Y}")
        fits(page)
        page.screenshot(path=tmp_path / "payments.png", full_page=True)
        assert HOUSEHOLD not in page.content()
        page.locator("#panel-sellers").get_by_role("link", name=SHOP).click()
        expect(page).to_have_url(re.compile(rf"/payments/{SHOP}\?day={DAY}"))
        expect(page.locator("#panel-findings tbody tr")).to_have_count(2)
        expect(page.locator("#panel-findings tbody tr").first).to_contain_text("PAY-02")
        rows = page.locator("#panel-payments tbody tr")
        expect(rows).to_have_count(4)
        expect(rows.nth(0)).to_contain_text(f"1{SERIES} 1 · 500.000 ₫")
        expect(rows.nth(0)).to_contain_text("cùng số tiền, trong 2 phút")
        rows.nth(0).locator("summary").click()
        expect(rows.nth(0).locator("details")).to_contain_text("nhiều hóa đơn cùng số tiền")
        rows.nth(1).locator("summary").click()
        expect(rows.nth(1).locator("details")).to_contain_text(f"1{SERIES} 2")
        fits(page)
        page.screenshot(path=tmp_path / "day.png", full_page=True)
        page.get_by_role("link", name="không có hóa đơn").click()
        expect(rows).to_have_count(2)
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("A seller's payments of a day")
        page.get_by_role("link", name="← Payments and invoices").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Payments and invoices")


def test_the_filter_stands_in_the_url(browser: Browser, console: ConsoleProcess) -> None:
    with context(browser) as tab, watched(tab, console.url) as watch:
        page = watch.page
        page.goto(console.url + "/payments")
        page.get_by_label("Tỉnh, thành phố").first.select_option("ho-chi-minh")
        page.get_by_role("button", name="Xem", exact=True).click()
        expect(page).to_have_url(re.compile(r"province=ho-chi-minh"))
        assert figure(page, "Thanh toán không tiền mặt") == "700.000 ₫"
        page.locator("#switch-days").click()
        expect(page.locator("#chart-days")).to_be_hidden()
        expect(page.locator("#panel-days tbody tr")).to_have_count(7)
        assert figure(page, "Thanh toán không tiền mặt") == "700.000 ₫"
        page.get_by_role("link", name="30 ngày").click()
        expect(page.locator("#panel-days tbody tr")).to_have_count(30)
        page.locator("#shares-sector").get_by_role("link", name="Khách sạn").click()
        expect(page).to_have_url(re.compile(r"sector=hotel"))


def test_it_works_without_javascript(browser: Browser, console: ConsoleProcess) -> None:
    with context(browser, java_script_enabled=False) as tab, watched(tab, console.url) as watch:
        page = watch.page
        page.goto(console.url + "/payments")
        expect(page.locator("#panel-days table")).to_be_visible()
        expect(page.locator("#chart-days")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/payments?table=days", f"/payments/{SHOP}?day={DAY}", "/payments/0100000009"])
def test_structure_and_contrast(browser: Browser, console: ConsoleProcess, scheme: str, path: str) -> None:
    missing = path.endswith("9")
    with context(browser, color_scheme=scheme) as tab, watched(tab, console.url, outages=missing) as watch:
        page = watch.page
        page.goto(console.url + path)
        assert page.evaluate(UNNAMED) == []
        assert page.evaluate(FAINT) == []
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids))
        for width in (360, 768, 1024):
            page.set_viewport_size({"width": width, "height": 800})
            fits(page)
