"""Signing in, being signed out and signing out in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from console.access.accounts import Accounts
from hoadon.artifacts import web_files
from hoadon.common.clock import now_us
from identity.roles import Role
from storage.client import connect
from tests.support.browser import chromium, watched
from tests.support.console import ConsoleProcess
from tests.support.overview_rows import insert_day
from tests.support.store import StoreProcess

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def console(store: StoreProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    web_files()
    data = tmp_path_factory.mktemp("sign-in")
    Accounts(data).put("an.nguyen", Role.OFFICER, PASSWORD, ["ho-chi-minh", "ha-noi"])
    with connect(store.settings) as client:
        insert_day(client, now_us())
    with ConsoleProcess(data, store.port, environment={"HOADON_DEMO": "false"}) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_one_signs_in_by_keyboard_comes_back_and_signs_out(
    browser: Browser, console: ConsoleProcess, tmp_path: Path
) -> None:
    with (
        browser.new_context(locale="vi-VN", viewport={"width": 1280, "height": 900}) as tab,
        watched(tab, console.url, outages=True) as watch,
    ):
        page = watch.page
        page.goto(f"{console.url}/?table=flow")
        expect(page).to_have_title("Đăng nhập · hoadon")
        page.screenshot(path=tmp_path / "sign-in.png", full_page=True)
        expect(page.get_by_label("Tài khoản")).to_be_focused()
        page.keyboard.type("an.nguyen")
        page.keyboard.press("Tab")
        page.keyboard.type("wrong password")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("không đúng")
        expect(page.get_by_label("Tài khoản")).to_have_value("an.nguyen")
        page.screenshot(path=tmp_path / "refused.png", full_page=True)
        page.get_by_label("Mật khẩu").fill(PASSWORD)
        page.get_by_role("button", name="Đăng nhập").click()
        expect(page).to_have_url(f"{console.url}/?table=flow")
        who = page.locator(".who")
        expect(who).to_contain_text("an.nguyen · Cán bộ thuế · Hà Nội, TP. Hồ Chí Minh")
        expect(page.locator("#panel-totals")).to_contain_text("648.000")
        page.screenshot(path=tmp_path / "signed-in.png", full_page=True)
        page.get_by_role("button", name="Đăng xuất").click()
        expect(page).to_have_title("Đăng nhập · hoadon")
        page.goto(console.url)
        expect(page).to_have_title("Đăng nhập · hoadon")


def test_a_page_left_open_goes_to_the_form_when_the_session_ends(browser: Browser, console: ConsoleProcess) -> None:
    with browser.new_context(locale="en-GB") as tab, watched(tab, console.url) as watch:
        page = watch.page
        page.goto(f"{console.url}/?sector=hotel")
        page.get_by_label("Account").fill("an.nguyen")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator(".who")).to_contain_text("Officer")
        tab.clear_cookies()
        expect(page).to_have_title("Sign in · hoadon", timeout=10_000)
        page.get_by_label("Account").fill("an.nguyen")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{console.url}/?sector=hotel")


def test_the_form_is_narrow_and_in_both_languages(browser: Browser, console: ConsoleProcess) -> None:
    with (
        browser.new_context(locale="vi-VN", viewport={"width": 390, "height": 800}) as tab,
        watched(tab, console.url) as watch,
    ):
        page = watch.page
        page.goto(f"{console.url}/?live=0")
        page.get_by_role("link", name="English").click()
        expect(page).to_have_title("Sign in · hoadon")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_label("Account").fill("an.nguyen")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{console.url}/?live=0")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
