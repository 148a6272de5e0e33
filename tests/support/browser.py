"""Chromium for tests of pages, and a watch over what a page does that it must not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium. Raises RuntimeError where there is none: a page that was not looked at is not tested."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise RuntimeError("no Chromium on this machine: install it to test pages (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page and its `complaints`: violations of the policy, errors, warnings, requests to elsewhere."""

    page: Page
    home: str
    complaints: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def see(self, request: Request) -> None:
        if not request.url.startswith(self.home + "/"):
            self.complaints.append(f"outside request: {request.url}")


@contextmanager
def watched(context: BrowserContext, home: str, *, outages: bool = False) -> Iterator[Watched]:
    """A new page of `context`; fails at the end if it did what it must not. `outages`: failed requests are expected."""
    page = context.new_page()
    watch = Watched(page, home)
    page.on("console", watch.hear)
    page.on("pageerror", lambda error: watch.complaints.append(f"exception: {error}"))
    page.on("request", watch.see)
    yield watch
    complaints = [
        said for said in watch.complaints if not (outages and ("Failed to load resource" in said or "htmx:" in said))
    ]
    assert complaints == []
