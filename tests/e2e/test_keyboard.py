"""Everything that a mouse reaches, the Tab key reaches too, and shows where it is."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import Visits, row_of, run_behind
from tests.e2e.places import PLACES, Place

pytestmark = pytest.mark.browser

NAMES = ("validator", "selection", "compare", "methods", "cluster", "operations", "page of a schedule")
OURS = [place for place in PLACES if place.name in NAMES]
# Each thing on the page that acts, in its order, gets its number.
_NUMBER: Final = """() => {
  const acting = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const shown = [...document.querySelectorAll(acting)].filter((one) => one.checkVisibility());
  shown.forEach((one, number) => { one.dataset.stop = number; });
  return shown.length;
}"""
# The number of what has the focus, and how its focus shows.
_FOCUSED: Final = """() => {
  const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
  const {left, width, height} = document.activeElement.getBoundingClientRect();
  return {
    stop: Number(document.activeElement.dataset.stop ?? -1),
    what: document.activeElement.outerHTML.slice(0, 120),
    shows: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    inside: left >= 0 && left < innerWidth && width > 0 && height > 0,
  };
}"""
MOST_STOPS = 400


@pytest.mark.parametrize("place", OURS, ids=lambda place: place.name)
def test_tab_reaches_everything_that_acts_and_its_focus_is_seen(
    place: Place, visits: Visits, addresses_of: dict[str, str]
) -> None:
    with visits.page(staff=place.staff, alone=True) as page:
        page.clock.install()
        page.goto(addresses_of[place.name])
        # From an hour ahead on the clock stands, so that nothing is put in another's place meanwhile: a
        # second ahead would be past by the time that a slow page hears of it.
        page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
        page.wait_for_load_state("networkidle")
        count = page.evaluate(_NUMBER)
        stops = tabbed(page, count=count)

        assert [stop["stop"] for stop in stops] == list(range(count))
        assert [stop["what"] for stop in stops if not (stop["shows"] and stop["inside"])] == []


def tabbed(page: Page, *, count: int) -> list[dict[str, Any]]:
    """What so many presses of Tab lead to."""
    assert 0 < count <= MOST_STOPS
    stops = []
    for _ in range(count):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(_FOCUSED))
    return stops


def test_the_first_stop_skips_to_the_content(visits: Visits) -> None:
    with visits.page("/") as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="To the content")).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("#content")).to_be_focused()


def test_a_list_is_narrowed_sorted_and_ticked_with_keys_alone(visits: Visits) -> None:
    with visits.page("/") as page:
        page.get_by_label("Name or key").focus()
        page.keyboard.type("falcon")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Name or key")).to_have_value("falcon")

        stake = page.get_by_role("columnheader", name="Stake (SOL)")
        stake.get_by_role("link").focus()
        page.keyboard.press("Enter")
        expect(stake).to_have_attribute("aria-sort", "descending")

        page.get_by_role("checkbox").first.focus()
        page.keyboard.press("Space")
        expect(page.get_by_role("checkbox").first).to_be_checked()


def test_what_comes_anew_by_itself_takes_no_focus_away(visits: Visits) -> None:
    """The link of a schedule, its strip and its buttons are put there again with every change."""
    with visits.page("/operations/", staff=True) as page:
        row = row_of(page, "fetch-repeatable")
        for spot in (row.get_by_role("link").first, row.locator(".strip"), row.get_by_role("button").first):
            spot.focus()
            row.evaluate("row => { row.dataset.old = 1 }")
            run_behind(page, "fetch-names-repeatable")
            expect(row).not_to_have_attribute("data-old", "1")
            expect(spot).to_be_focused()
