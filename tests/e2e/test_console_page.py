"""The overview in a real browser: live, without scripts, narrow, dark, filtered, empty, and while its store is away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from hoadon.artifacts import web_files
from hoadon.common.clock import now_us
from hoadon.common.settings import Settings
from storage.client import connect
from storage.migrate import migrate
from tests.support.browser import chromium, watched
from tests.support.console import ConsoleProcess
from tests.support.overview_rows import HOUSEHOLD, insert, insert_day, invoice, package
from tests.support.ports import free_ports
from tests.support.store import StoreProcess

PANELS = ("totals", "flow", "rules", "packages", "provinces", "sectors", "services")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", autouse=True)
def vendor() -> None:
    web_files()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with StoreProcess(tmp_path_factory.mktemp("page-store")) as process:
        migrate(process.settings)
        with connect(process.settings) as client:
            insert_day(client, now_us())
        yield process.settings


@pytest.fixture(scope="module")
def console(store: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    data = tmp_path_factory.mktemp("page-console")
    process = ConsoleProcess(data, store.store_port)
    instance = {
        "gateway": f"http://127.0.0.1:{free_ports()}",
        "store": f"http://127.0.0.1:{store.store_port}",
        "console": process.url,
    }
    (data / "run").mkdir()
    (data / "run" / "instance.json").write_text(json.dumps(instance))
    with process:
        yield process


def context(browser: Browser, **options: object) -> BrowserContext:
    return browser.new_context(**({"locale": "vi-VN", "viewport": {"width": 1440, "height": 1000}} | options))  # type: ignore[arg-type]


def figure(page: Page, label: str) -> str:
    """What stands under a label of the day's figures."""
    return (
        page.locator(".figures div", has=page.get_by_text(label, exact=True)).locator("dd").inner_text().split("\n")[0]
    )


def test_the_page_tells_the_known_truth_in_vietnamese(browser: Browser, console: ConsoleProcess) -> None:
    with context(browser) as tab, watched(tab, console.url) as watch:
        page = watch.page
        page.goto(console.url)
        expect(page.locator("html")).to_have_attribute("lang", "vi")
        expect(page).to_have_title("Hóa đơn từ máy tính tiền lúc này · hoadon")
        assert figure(page, "Hóa đơn đã nhận") == "8"
        assert figure(page, "Được chấp nhận") == "6"
        assert figure(page, "Bị từ chối") == "2"
        assert figure(page, "Giá trị hóa đơn lập hôm nay") == "648.000 ₫"
        assert figure(page, "Trong đó thuế GTGT") == "48.000 ₫"
        expect(page.locator(".tiles a")).to_have_count(34)
        expect(page.locator(".tiles a", has_text="Hà Nội")).to_contain_text("432 nghìn")
        expect(page.locator("#panel-sectors tfoot")).to_contain_text("648.000 ₫")
        expect(page.locator("#panel-rules tbody tr")).to_have_count(1)
        expect(page.locator("#panel-rules tbody tr")).to_contain_text("SUM-03")
        expect(page.locator("#panel-services tr", has_text="gateway")).to_contain_text("không trả lời")
        expect(page.locator("#panel-services tr", has_text="store")).to_contain_text("đang chạy")
        expect(page.locator("#chart-flow canvas")).to_be_visible()
        expect(page.locator("#panel-packages")).to_contain_text("001•••••••89")
        assert HOUSEHOLD not in page.content()


def test_the_page_in_english(browser: Browser, console: ConsoleProcess) -> None:
    with context(browser, locale="en-GB") as tab, watched(tab, console.url) as watch:
        page = watch.page
        page.goto(console.url)
        expect(page.locator("html")).to_have_attribute("lang", "en")
        assert figure(page, "Value of today's invoices") == "₫648,000"
        page.get_by_role("link", name="Tiếng Việt").click()
        expect(page.locator("html")).to_have_attribute("lang", "vi")
        expect(page).to_have_url(re.compile(r"lang=vi"))


def test_figures_change_without_a_reload_and_what_was_opened_stays_open(
    browser: Browser, store: Settings, tmp_path: Path
) -> None:
    with (
        ConsoleProcess(tmp_path, store.store_port) as console,
        context(browser) as tab,
        watched(tab, console.url) as watch,
    ):
        page = watch.page
        page.goto(console.url)
        before = int(figure(page, "Hóa đơn đã nhận"))
        page.locator("#about-totals summary").click()
        page.locator("#toggle-live").focus()
        with connect(store) as client:
            insert(client, "invoices", [invoice(900, now_us())])
            insert(client, "packages", [package("V0101352495" + "C" * 32, now_us(), 1, 1)])
        received = page.locator(".figures div", has_text="Hóa đơn đã nhận").locator("dd")
        expect(received).to_contain_text(re.compile(rf"^{before + 1}\D"), timeout=20_000)
        expect(page.locator("#about-totals")).to_have_attribute("open", "")
        expect(page.locator("#toggle-live")).to_be_focused()
        expect(page.locator("#chart-flow canvas")).to_have_count(1)
        page.locator("#toggle-live").click()
        expect(page).to_have_url(re.compile(r"live=0"))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(2_500)
        assert [url for url in asked if "panel=" in url] == []


def test_the_view_stands_in_the_url(browser: Browser, console: ConsoleProcess) -> None:
    with context(browser) as tab, watched(tab, console.url) as watch:
        page = watch.page
        page.goto(console.url)
        page.locator(".tiles a", has_text="Hồ Chí Minh").click()
        expect(page).to_have_url(re.compile(r"province=ho-chi-minh"))
        expect(page.locator("#panel-sectors tbody tr")).to_have_count(1)
        expect(page.locator("#panel-sectors tbody tr")).to_contain_text("Khách sạn")
        page.locator("#switch-provinces").click()
        expect(page.locator("#panel-provinces table")).to_be_visible()
        expect(page.locator(".tiles")).to_be_hidden()
        page.wait_for_timeout(2_500)
        expect(page.locator("#panel-provinces table")).to_be_visible()
        shared = page.url
        page.get_by_role("link", name="Bỏ lọc").click()
        expect(page.locator(".chips")).to_have_count(0)
        page.goto(shared)
        expect(page.locator(".chips")).to_contain_text("TP. Hồ Chí Minh")
        stored = page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
        assert set(stored) <= {"htmx-current-path-for-history"}


def test_the_chart_can_be_read_as_a_table(browser: Browser, console: ConsoleProcess) -> None:
    with context(browser) as tab, watched(tab, console.url) as watch:
        page = watch.page
        page.goto(console.url)
        page.locator("#switch-flow").click()
        expect(page.locator("#chart-flow")).to_be_hidden()
        expect(page.locator("#panel-flow tbody tr")).to_have_count(60)
        expect(page.locator("#panel-flow table")).to_be_in_viewport()


def test_it_works_without_javascript(browser: Browser, console: ConsoleProcess) -> None:
    with context(browser, java_script_enabled=False) as tab, watched(tab, console.url) as watch:
        page = watch.page
        page.goto(console.url)
        expect(page.locator("#panel-flow table")).to_be_visible()
        expect(page.locator("#chart-flow")).to_be_hidden()
        expect(page.locator("noscript .notice")).to_be_visible()
        expect(page.locator(".live")).to_be_hidden()
        page.locator("#switch-provinces").click()
        expect(page.locator(".tiles")).to_be_hidden()
        page.locator("#panel-sectors a", has_text="Khách sạn").click()
        expect(page.locator(".chips")).to_contain_text("Khách sạn")


@pytest.mark.parametrize("path", ["/", "/?table=flow,provinces", "/?province=ha-noi&lang=en"])
def test_no_page_is_wider_than_its_window(browser: Browser, console: ConsoleProcess, path: str) -> None:
    with context(browser) as tab, watched(tab, console.url) as watch:
        page = watch.page
        page.goto(console.url + path)
        for width in (360, 390, 768, 1024):
            page.set_viewport_size({"width": width, "height": 800})
            expect(page.locator("#panel-totals")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_structure_and_contrast(browser: Browser, console: ConsoleProcess, scheme: str) -> None:
    with context(browser, color_scheme=scheme) as tab, watched(tab, console.url) as watch:
        page = watch.page
        page.goto(console.url + "/?province=ha-noi&table=flow")
        assert page.evaluate(UNNAMED) == []
        assert page.evaluate(FAINT) == []
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids))
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        expect(page.get_by_role("main")).to_have_count(1)
        for name in PANELS:
            expect(page.locator(f"#panel-{name}")).to_have_accessible_name(re.compile(r"\w"))
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        expect(page.locator(".skip")).to_be_in_viewport()


def test_an_empty_store_says_so(browser: Browser, tmp_path: Path) -> None:
    with StoreProcess(tmp_path / "store") as empty:
        migrate(empty.settings)
        (tmp_path / "console").mkdir()
        with (
            ConsoleProcess(tmp_path / "console", empty.port) as console,
            context(browser) as tab,
            watched(tab, console.url) as watch,
        ):
            page = watch.page
            page.goto(console.url)
            expect(page.locator("#panel-flow .empty")).to_contain_text("Chưa nhận được hóa đơn nào")
            expect(page.locator("#panel-sectors .empty")).to_be_visible()
            assert figure(page, "Giá trị hóa đơn lập hôm nay") == "0 ₫"
            expect(page.locator(".notice.bad")).to_have_count(0)


def test_an_outage_of_store_and_console_is_told_and_passes(browser: Browser, tmp_path: Path) -> None:
    store = StoreProcess(tmp_path / "store")
    (tmp_path / "console").mkdir()
    console = ConsoleProcess(tmp_path / "console", store.port, ready="/healthz")
    with console, context(browser) as tab, watched(tab, console.url, outages=True) as watch:
        page = watch.page
        page.goto(console.url)
        expect(page.locator("#panel-sectors .notice.bad")).to_contain_text("Kho dữ liệu không trả lời.")
        expect(page.locator("#panel-sectors .button")).to_have_text("Thử lại")
        store.start()
        try:
            migrate(store.settings)
            expect(page.locator("#panel-sectors .empty")).to_be_visible(timeout=20_000)
            console.stop()
            expect(page.locator("#panel-sectors .lost")).to_be_visible(timeout=20_000)
            console.start()
            expect(page.locator("#panel-sectors .lost")).to_be_hidden(timeout=20_000)
        finally:
            store.kill()


UNNAMED = """() => [...document.querySelectorAll("a, button, summary, [role], table, th, svg:not([aria-hidden])")]
  .filter(e => !(e.getAttribute("aria-label") || e.textContent.trim() || e.getAttribute("aria-labelledby")))
  .map(e => e.outerHTML.slice(0, 120))"""
"""Elements that a screen reader could not name."""

FAINT = """() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility()) continue;
    const [low, high] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < 4.5) faint.push(e.outerHTML.slice(0, 120));
  }
  return faint;
}"""
"""Elements whose text has less than 4.5:1 against what is behind it."""
