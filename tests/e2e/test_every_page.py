"""What holds on every page, on a desk and on a phone, in light and in dark."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import OF_COLORS, prepare, violations
from tests.e2e.browsing import SIZES, Size, Visits
from tests.e2e.places import PLACES, Place

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_page_has_no_grave_violation_fits_the_screen_and_complains_of_nothing(
    place: Place, size: Size, visits: Visits, addresses_of: dict[str, str]
) -> None:
    with visits.page(addresses_of[place.name], staff=place.staff, size=size) as page:
        wait_until_drawn(page, place)
        assert page.evaluate("document.documentElement.scrollWidth") <= size.width

        prepare(page)
        assert violations(page, allowed=place.allowed) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, allowed=place.allowed, rules=OF_COLORS) == []


def wait_until_drawn(page: Page, place: Place) -> None:
    """What scripts draw is looked at too."""
    if place.path == "/api/docs":
        expect(page.get_by_role("heading", name="Solana staking")).to_be_visible()
    if place.name in ("validator", "page of a schedule"):
        expect(page.locator(".chart canvas").first).to_be_visible()
