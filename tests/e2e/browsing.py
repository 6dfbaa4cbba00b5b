"""Pages in a real browser, watched for what no visitor should ever see."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Playwright,
    Request,
    StorageState,
)

from tests.e2e.site import Site

ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# A loaded machine takes its time; in milliseconds.
PATIENCE_MS = 30_000
# Pictures and scripts that a page carries in itself.
_OWN = ("data:", "blob:")


@dataclass(frozen=True, slots=True)
class Size:
    """A screen, in CSS pixels."""

    name: str
    width: int
    height: int
    phone: bool


DESKTOP = Size("desktop", 1280, 800, phone=False)
PHONE = Size("phone", 380, 760, phone=True)
SIZES = (DESKTOP, PHONE)


def launched(playwright: Playwright, chromium: str) -> Browser:
    return playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)


@dataclass(frozen=True, slots=True)
class Visits:
    """Opens pages of one site. `operator` is the cookies of somebody who logged in."""

    browser: Browser
    site: Site
    operator: StorageState | None = None
    # A window of the browser costs more than a page of ours, so those of a kind share one.
    shared: dict[object, BrowserContext] = field(default_factory=dict)

    @contextmanager
    def page(
        self,
        path: str | None = None,
        *,
        staff: bool = False,
        size: Size = DESKTOP,
        scheme: str = "light",
        javascript: bool = True,
        zone: str = "UTC",
        alone: bool = False,
    ) -> Iterator[Page]:
        """A page that must not have complained of anything by the end.

        Who logs in, or stops the clock, does it `alone`, with cookies and a window that nobody shares.
        """
        kind: dict[str, Any] = {"staff": staff, "size": size, "scheme": scheme, "javascript": javascript}
        kind["zone"] = zone
        context = self._context(**kind) if alone else self._shared(**kind)
        page = context.new_page()
        try:
            complaints = complaints_of(page, self.site.url)
            if path is not None:
                page.goto(path)
            yield page
            assert not complaints, complaints
        finally:
            page.close()
            if alone:
                context.close()

    def _shared(self, **kind: Any) -> BrowserContext:
        key = tuple(kind.values())
        if key not in self.shared:
            self.shared[key] = self._context(**kind)
            # The window closes with its last page.
            self.shared[key].new_page()
        return self.shared[key]

    def _context(
        self, *, staff: bool, size: Size, scheme: Any, javascript: bool, zone: str
    ) -> BrowserContext:
        context = self.browser.new_context(
            base_url=self.site.url,
            viewport={"width": size.width, "height": size.height},
            is_mobile=size.phone,
            has_touch=size.phone,
            color_scheme=scheme,
            java_script_enabled=javascript,
            timezone_id=zone,
            storage_state=self.operator if staff else None,
        )
        context.set_default_timeout(PATIENCE_MS)
        return context


def complaints_of(page: Page, url: str) -> list[str]:
    """A list that grows with every error of a script, in the console, and every request to another host."""
    complaints: list[str] = []

    def asked(dialog: Dialog) -> None:
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def said(line: ConsoleMessage) -> None:
        if line.type in ("error", "warning"):
            complaints.append(f"console: {line.text}")

    def requested(request: Request) -> None:
        if not request.url.startswith((f"{url}/", *_OWN)):
            complaints.append(f"elsewhere: {request.url}")

    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("dialog", asked)
    page.on("console", said)
    page.on("request", requested)
    return complaints


def log_in(page: Page, *, name: str, password: str) -> None:
    """Fill in the login page that is shown."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def run_behind(page: Page, job: str) -> None:
    """Ask for a run as somebody else would elsewhere: the page that is open is not told."""
    form = row_of(page, job).locator("form[action$='/run-now/']")
    token = form.locator("[name=csrfmiddlewaretoken]").get_attribute("value") or ""
    headers = {"Referer": page.url}
    page.request.post(
        form.get_attribute("action") or "", form={"csrfmiddlewaretoken": token}, headers=headers
    )


def row_of(page: Page, job: str) -> Locator:
    """The row of one schedule on the operations page."""
    name = page.get_by_role("rowheader", name=job, exact=True)
    return page.locator("#schedules tbody tr").filter(has=name)
