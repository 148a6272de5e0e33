"""Deciding a code and revealing a value in a real browser, in Vietnamese, by keyboard and mouse, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hoadon.artifacts import web_files
from tests.integration.test_console_desk import BUYER, PASSWORD, PERSON, bench, console
from tests.support.browser import chromium, watched
from tests.support.console import ConsoleProcess

__all__ = ["bench", "console"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    web_files()
    with chromium() as browser:
        yield browser


def enter(page: Page, console: ConsoleProcess, name: str, path: str) -> None:
    page.goto(console.url + path)
    page.get_by_label("Tài khoản").fill(name)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(console.url + path)


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_code_is_decided_and_taken_back(
    browser: Browser, console: ConsoleProcess, tmp_path: Path, width: int
) -> None:
    with (
        browser.new_context(locale="vi-VN", viewport={"width": width, "height": 900}) as tab,
        watched(tab, console.url) as watch,
    ):
        page = watch.page
        enter(page, console, "officer", "/links")
        fits(page)
        page.screenshot(path=tmp_path / "links.png", full_page=True)
        page.get_by_role("link", name=BUYER).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Mã này là của ai?")
        fits(page)
        page.screenshot(path=tmp_path / "link.png", full_page=True)
        page.get_by_role("radio").first.check()
        page.get_by_label("Lý do").fill("công văn 77/TB")
        page.get_by_role("button", name="Xác định").click()
        expect(page.get_by_role("status")).to_contain_text("Đã xác định")
        expect(page.get_by_role("link", name=BUYER)).to_have_count(0)
        page.screenshot(path=tmp_path / "decided.png", full_page=True)
        fits(page)
        page.get_by_label("Lý do").fill("nhầm người khác")
        page.get_by_role("button", name="Hủy").click()
        expect(page.get_by_role("link", name=BUYER)).to_be_visible()
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Codes that lead to no one taxpayer")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_person_is_found_and_revealed_and_the_auditor_sees_it(
    browser: Browser, console: ConsoleProcess, tmp_path: Path, width: int
) -> None:
    with (
        browser.new_context(locale="vi-VN", viewport={"width": width, "height": 900}) as tab,
        watched(tab, console.url, outages=True) as watch,
    ):
        page = watch.page
        enter(page, console, "supervisor", "/persons")
        page.get_by_label("Số định danh cá nhân").fill(PERSON)
        page.get_by_role("button", name="Tìm").click()
        expect(page.get_by_role("status")).to_contain_text("Là người mua trên 1 hóa đơn")
        page.get_by_label("Lý do").fill("x")
        page.get_by_role("button", name="Xem giá trị rõ").click()
        expect(page.get_by_role("alert")).to_contain_text("Hãy ghi lý do")
        page.get_by_label("Lý do").fill("hồ sơ 12/2026")
        page.get_by_role("button", name="Xem dữ liệu lưu giữ").click()
        expect(page.get_by_text("001•••••••21").first).to_be_visible()
        expect(page.get_by_text(PERSON)).to_have_count(0)
        fits(page)
        page.screenshot(path=tmp_path / "shown.png", full_page=True)
        page.get_by_label("Lý do").fill("hồ sơ 12/2026")
        page.get_by_role("button", name="Xem giá trị rõ").click()
        expect(page.locator(".revealed")).to_contain_text(PERSON)
        page.screenshot(path=tmp_path / "revealed.png", full_page=True)
        fits(page)
        assert PERSON not in page.url
        page.get_by_role("button", name="Đăng xuất").click()
        enter(page, console, "auditor", "/audit")
        expect(page.get_by_role("status")).to_contain_text("Nhật ký toàn vẹn")
        expect(page.get_by_role("row").nth(1)).to_contain_text("xem giá trị rõ")
        expect(page.get_by_role("row").nth(1)).to_contain_text("hồ sơ 12/2026")
        fits(page)
        page.screenshot(path=tmp_path / "audit.png", full_page=True)
