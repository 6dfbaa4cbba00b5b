"""The page that the guide shows, as somebody opens it from his own disk: it reads the API across origins."""

import pytest
from playwright.sync_api import Browser, expect

from tests.docs.pages import ROOT
from tests.e2e.browsing import Visits
from tests.e2e.site import Site

pytestmark = pytest.mark.browser

PAGE = ROOT / "examples" / "page.html"


def test_it_lists_the_best_ten_and_follows_what_happens(browser: Browser, site: Site, visits: Visits) -> None:
    page = browser.new_page()
    try:
        page.goto(f"{PAGE.as_uri()}?site={site.url}")

        expect(page.locator("#best tr")).to_have_count(10)
        expect(page.locator("#seen")).to_contain_text("scores by trust-v3")
        expect(page.locator("#news li").first).to_contain_text(": ")
    finally:
        page.close()
