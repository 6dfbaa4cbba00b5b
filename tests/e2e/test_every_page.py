"""What holds on every page, on a desk and on a phone, in light and in dark."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import OF_COLORS, prepare, violations
from tests.e2e.browsing import SIZES, Size, Visits
from tests.e2e.places import PLACES, Place

pytestmark = pytest.mark.browser

# Bytes of a page of ours with all it loads, as they are before compression; Swagger UI alone is 1.7 MB.
LARGEST = 200_000
# Of a validator's page, in CSS pixels, as it is folded.
HIGHEST = 3_000
_WIDER_THAN_THEIR_PLACE = """() => [...document.querySelectorAll(".table")]
  .filter((table) => table.checkVisibility() && table.scrollWidth > table.clientWidth)
  .map((table) => table.ariaLabel)"""
_WEIGHT = """() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .reduce((sum, {decodedBodySize}) => sum + decodedBodySize, 0)"""


@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_page_has_no_grave_violation_fits_the_screen_and_complains_of_nothing(
    place: Place, size: Size, visits: Visits, addresses_of: dict[str, str]
) -> None:
    with visits.page(addresses_of[place.name], staff=place.staff, size=size) as page:
        wait_until_drawn(page, place)
        width, height = page.evaluate(
            "(({scrollWidth, scrollHeight}) => [scrollWidth, scrollHeight])(document.documentElement)"
        )
        assert width <= size.width
        if not place.staff and place.path != "/api/docs":
            assert 0 < page.evaluate(_WEIGHT) <= LARGEST
            assert page.evaluate(_WIDER_THAN_THEIR_PLACE) == []
        if place.name == "validator":
            assert height <= HIGHEST

        prepare(page)
        assert violations(page, allowed=place.allowed) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, allowed=place.allowed, rules=OF_COLORS) == []


def wait_until_drawn(page: Page, place: Place) -> None:
    """What scripts draw is looked at too."""
    if place.path == "/api/docs":
        expect(page.get_by_role("heading", name="Solana staking")).to_be_visible()
    if place.name == "page of a schedule" or (place.name == "validator" and not is_folded(page)):
        expect(page.locator(".chart canvas").first).to_be_visible()


def is_folded(page: Page) -> bool:
    return page.get_by_text("Performance and commission, drawn").is_visible()


def test_a_change_that_is_not_confirmed_yet_has_room_beside_the_others(
    visits: Visits, addresses_of: dict[str, str]
) -> None:
    [desktop] = [size for size in SIZES if size.name == "desktop"]
    with visits.page(addresses_of["validators"], staff=False, size=desktop) as page:
        page.evaluate("""() => document.querySelector(".standings tbody tr td.number:nth-child(5)")
            .insertAdjacentHTML("beforeend",
                '<br><small class="bad">from 10.25 % in epoch 1990, seen once, not confirmed yet</small>')""")

        # Of those that are in the list by themselves there may be any number.
        assert page.get_by_text("in epoch 1990, seen once, not confirmed yet").is_visible()
        assert page.evaluate(_WIDER_THAN_THEIR_PLACE) == []


def test_the_list_of_a_cluster_of_thousands_fits_a_phone(
    visits: Visits, addresses_of: dict[str, str]
) -> None:
    [phone] = [size for size in SIZES if size.phone]
    with visits.page(addresses_of["validators"], staff=False, size=phone) as page:
        page.evaluate("""() => {
            const cells = [...document.querySelector(".standings tbody tr").children];
            cells[0].textContent = "1,497";
            cells[4].innerHTML = "100 %<br><small>no Jito</small>";
            cells[6].innerHTML = "5.60 %<br><small>5.60 %</small>";
        }""")

        assert page.get_by_text("1,497", exact=True).first.is_visible()
        assert page.evaluate(_WIDER_THAN_THEIR_PLACE) == []
