"""One running stack and one browser for all browser tests."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.browsing import PATIENCE_MS, Visits, launched, log_in, row_of
from tests.e2e.places import SOURCES, addresses
from tests.e2e.site import Site, running_site

WITHOUT_CHROMIUM = (
    "the browser tests were SKIPPED: there is no Chromium here. "
    "On Debian: apt-get install --no-install-recommends chromium"
)

expect.set_options(timeout=PATIENCE_MS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Nobody should take a run without a browser for a run with one."""
    reasons = {str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])}
    if any(WITHOUT_CHROMIUM in reason for reason in reasons):
        terminalreporter.section("no browser", red=True, bold=True)
        terminalreporter.line(WITHOUT_CHROMIUM, red=True, bold=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip(WITHOUT_CHROMIUM)
    with sync_playwright() as playwright:
        opened = launched(playwright, chromium)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Asks for the browser first: without one there is no reason to start anything."""
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def visits(browser: Browser, site: Site) -> Visits:
    """Everything the cluster can tell has been fetched, and the administrator has logged in."""
    stranger = Visits(browser, site)
    with stranger.page("/operations/", alone=True) as page:
        log_in(page, name="admin", password=site.password)
        expect(page).to_have_url(f"{site.url}/operations/")
        for source in SOURCES:
            row_of(page, source).get_by_role("button", name="Run now").click()
            expect(page.get_by_role("status")).to_contain_text(f"{source} runs as soon as a worker is free")
        for source in SOURCES:
            expect(row_of(page, source).get_by_text("Newest runs:")).to_contain_text("succeeded")
        return Visits(browser, site, page.context.storage_state())


@pytest.fixture(scope="session")
def addresses_of(site: Site, visits: Visits) -> dict[str, str]:
    """The path of every place by its name."""
    return addresses(site)
