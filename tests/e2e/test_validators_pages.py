"""The public pages: finding, ordering, paging, comparing."""

import csv
import io
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browsing import PHONE, SIZES, Size, Visits

pytestmark = pytest.mark.browser

BOTH_SIZES = pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)


def rows_of(page: Page) -> Locator:
    return page.locator("table.standings tbody tr")


def numbers_in(cells: Locator) -> list[float]:
    """The number each cell begins with."""
    found = (re.match(r"[\d,.]+", text.strip()) for text in cells.all_inner_texts())
    return [float(number[0].replace(",", "")) for number in found if number]


@BOTH_SIZES
def test_search_and_filters_narrow_the_list_and_stand_in_the_address(size: Size, visits: Visits) -> None:
    with visits.page("/", size=size) as page:
        everybody = page.locator(".count > span").first.inner_text()
        page.get_by_label("Name or key").fill("falcon")
        if size.phone:
            page.get_by_text("Filters", exact=True).click()
        page.get_by_label("Commission to (%):", exact=True).fill("5")
        page.get_by_label("State").select_option("voting")
        page.get_by_label("Superminority:").select_option("outside")
        page.get_by_role("button", name="Show").click()

        expect(page).to_have_url(re.compile("search=falcon"))
        expect(page.locator(".count > span").first).not_to_have_text(everybody)
        assert rows_of(page).count() > 0
        for name in page.locator("table.standings .name").all_inner_texts():
            assert "falcon" in name.lower()
        assert max(numbers_in(page.locator("tbody td:nth-of-type(4)"))) <= 5

        page.reload()
        expect(page.get_by_label("Name or key")).to_have_value("falcon")
        expect(page.get_by_label("Superminority:")).to_have_value("no")
        page.get_by_role("link", name="Everything").click()
        expect(page.locator(".count > span").first).to_have_text(everybody)


def test_a_heading_sorts_one_way_and_then_the_other(visits: Visits) -> None:
    with visits.page("/") as page:
        stake = page.get_by_role("columnheader", name="Stake (SOL)")
        stake.get_by_role("link").click()
        expect(stake).to_have_attribute("aria-sort", "descending")
        falling = numbers_in(page.locator("tbody td:nth-of-type(5)"))
        assert len(falling) == 50
        assert falling == sorted(falling, reverse=True)

        stake.get_by_role("link").click()
        expect(stake).to_have_attribute("aria-sort", "ascending")
        rising = numbers_in(page.locator("tbody td:nth-of-type(5)"))
        assert rising == sorted(rising)


@BOTH_SIZES
def test_pages_lead_on_and_back_and_keep_the_order(size: Size, visits: Visits) -> None:
    with visits.page("/?sort=name", size=size) as page:
        first = rows_of(page).first.locator("code").inner_text()
        page.get_by_role("link", name="Next").click()
        expect(page.locator("nav.pages [aria-current=page]")).to_have_text("2")
        expect(page).to_have_url(re.compile("sort=name"))
        expect(rows_of(page).first.locator("code")).not_to_have_text(first)

        page.get_by_role("link", name="Previous").click()
        expect(rows_of(page).first.locator("code")).to_have_text(first)


def test_the_csv_link_gives_every_validator(visits: Visits) -> None:
    with visits.page("/") as page:
        address = page.get_by_role("link", name="CSV").get_attribute("href")
        assert address is not None
        reply = page.request.get(address)
        found = list(csv.DictReader(io.StringIO(reply.text())))

        expect(page.locator(".count > span").first).to_have_text(f"{len(found):,} validators")
        assert found[0]["rank"] == "1"


@BOTH_SIZES
def test_those_ticked_are_compared(size: Size, visits: Visits) -> None:
    with visits.page("/", size=size) as page:
        boxes = page.get_by_role("checkbox", name="Compare")
        boxes.nth(0).check()
        boxes.nth(3).check()
        page.get_by_role("button", name="Compare those ticked").click()

        expect(page.get_by_role("heading", name="Compare validators")).to_be_visible()
        comparison = page.get_by_role("region", name="Comparison")
        expect(comparison.get_by_role("columnheader")).to_have_count(2)
        expect(comparison.get_by_role("row", name="Why")).to_be_visible()


@BOTH_SIZES
def test_a_validator_shows_its_charts_and_leads_on(size: Size, visits: Visits) -> None:
    with visits.page("/", size=size) as page:
        rows_of(page).first.get_by_role("link").click()
        vote = page.url.rstrip("/").rsplit("/", 1)[1]

        if size.phone:
            page.get_by_text("Performance and commission, drawn").click()
        expect(page.locator("#performance-chart canvas")).to_be_visible()
        expect(page.locator("#commission-chart canvas")).to_be_visible()
        # Drawn while it was folded, a chart had no room.
        page.wait_for_function("document.querySelector('.chart canvas').clientWidth > 250")
        page.get_by_text("All parts of the score").click()
        expect(page.get_by_role("region", name="What the score is made of")).to_be_visible()
        if size.phone:
            page.get_by_text("Its keys, and what it says of itself").click()
        # No explorer knows a simulated cluster.
        expect(page.get_by_text("Elsewhere:")).to_have_count(0)

        page.get_by_role("link", name="compare", exact=True).click()
        expect(page.get_by_label("Vote account 1")).to_have_value(vote)


@BOTH_SIZES
def test_what_to_hold_is_chosen_from_the_list_and_what_is_held(size: Size, visits: Visits) -> None:
    with visits.page("/?max_commission_percent=5", size=size) as page:
        best = rows_of(page).first.locator("code").inner_text()
        page.get_by_role("link", name="What to hold of these").click()
        # So many that the best is among them, whatever the next scoring makes of those nearly as good.
        page.get_by_label("How many").fill("40")
        page.get_by_label("Held now").fill(f"{best}\nnobody")
        page.get_by_role("button", name="Choose").click()

        expect(page.get_by_label("Commission to (%):", exact=True)).to_have_value("5")
        # One of the best may be delinquent just then.
        counted = re.compile(r"^1 leaves, 39 enter, 1 stays(, \d+ passed over)?\s*$")
        expect(page.locator(".count > span").first).to_have_text(counted)
        expect(page.get_by_role("region", name="Leave").first).to_contain_text("no fetch ever saw it")
        expect(page.get_by_role("region", name="Stay").first).to_contain_text(best)


def test_compare_takes_keys_that_are_typed_and_says_which_it_does_not_know(visits: Visits) -> None:
    with visits.page("/compare/") as page:
        page.get_by_label("Vote account 1").fill("nobody")
        page.get_by_role("button", name="Compare").click()
        expect(page.get_by_role("status")).to_contain_text("nobody")


@BOTH_SIZES
def test_the_cluster_page_has_a_picture_of_each_distribution(size: Size, visits: Visits) -> None:
    with visits.page("/", size=size) as page:
        page.get_by_role("navigation", name="Site").get_by_role("link", name="Cluster").click()
        for heading in ("Stake held by the largest", "Versions", "Commission", "Scores"):
            expect(unfolded(page, heading, size).locator("svg.bar").first).to_be_visible()
        for heading in ("Networks", "Countries", "Operators", "Clients"):
            expect(unfolded(page, heading, size).locator("table.slices tbody tr").first).to_be_visible()
        for heading in ("Epochs", "Where this comes from"):
            expect(page.get_by_role("heading", name=heading)).to_be_visible()


def unfolded(page: Page, heading: str, size: Size) -> Locator:
    """The section of that heading; on a phone its table is folded."""
    section = page.get_by_role("region", name=heading, exact=True)
    if size.phone:
        section.locator("summary").first.click()
    return section


def test_a_script_in_a_name_does_not_run(visits: Visits) -> None:
    """The simulated cluster has validators of such names; a dialog or an error would be a complaint."""
    for name in ("<script>alert", "<img src=x onerror"):
        with visits.page("/") as page:
            page.get_by_label("Name or key").fill(name)
            page.get_by_role("button", name="Show").click()
            expect(rows_of(page).first).to_contain_text(name)
            rows_of(page).first.get_by_role("link").click()
            expect(page.get_by_role("heading", level=1)).to_contain_text(name)
            expect(page).to_have_title(re.compile(re.escape(name)))
            page.get_by_role("link", name="compare", exact=True).click()
            expect(page.get_by_role("region", name="Comparison")).to_contain_text(name)
            assert page.locator("main script:not([type]), main img").count() == 0


def test_a_script_in_a_name_does_not_run_in_the_admin(visits: Visits) -> None:
    with visits.page("/admin/validators/validator/?q=%3Cscript", staff=True) as page:
        page.get_by_role("link", name="<script>alert").click()
        expect(page.locator("#content")).to_contain_text("<script>alert")


def test_a_star_is_kept_without_javascript(visits: Visits) -> None:
    with visits.page("/", javascript=False, size=PHONE, alone=True) as page:
        star = page.get_by_role("button", name="Watch").nth(4)
        account = star.get_attribute("value")
        star.click()
        expect(page).to_have_url(re.compile(rf"/#{account}$"))
        page.get_by_role("link", name="Watched", exact=True).click()
        expect(rows_of(page)).to_have_count(1)
        expect(page.get_by_role("button", name="Watch", pressed=True)).to_have_attribute(
            "value", account or ""
        )


def test_a_key_is_copied_and_that_is_said(visits: Visits) -> None:
    with visits.page("/", alone=True) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        rows_of(page).first.get_by_role("link").click()
        page.get_by_role("button", name="Copy the identity").click()
        expect(page.get_by_role("status").filter(has_text="Copied: identity")).to_be_attached()
        identity = page.locator("[data-copy=identity]").inner_text()
        assert page.evaluate("navigator.clipboard.readText()") == identity


@pytest.mark.parametrize("path", ["/", "/cluster/", "/compare/"])
def test_pages_read_without_javascript(path: str, visits: Visits) -> None:
    with visits.page(path, javascript=False, size=PHONE) as page:
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("header .age")).to_contain_text("fetched")
        page.locator("header").get_by_role("link", name="Validators", exact=True).click()
        rows_of(page).first.get_by_role("link").click()
        page.get_by_text("Epoch by epoch").click()
        expect(page.get_by_role("region", name="Epochs").locator("tbody tr").first).to_be_visible()
        # Where a chart would be is no gap.
        expect(page.locator(".charts")).to_be_hidden()
