"""The admin: the login, the index, and the actions of the pages of history."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browsing import SIZES, Size, Visits, log_in
from tests.e2e.site import Site
from tests.e2e.test_operations_page import fail_once, mend

pytestmark = pytest.mark.browser

SCHEDULE = "fetch-nodes-repeatable"
TRIGGER, PAUSE = (f"/api/v1/schedules/{SCHEDULE}/{action}" for action in ("trigger", "pause"))
# Kept by itself: the page shows what the machine wrote, and nothing in a running stack is wrong.
ALERT = """
INSERT INTO scheduling_alert (rule, subject, message, opened_at, seen_at, told_at, closed_at)
VALUES ('shrinking', 'the cluster', 'A test <b>shrank</b> it', datetime(), datetime(), datetime(), datetime())
"""


def act_on(page: Page, row: Locator, action: str) -> None:
    """Tick a row of a list and choose what is done with it."""
    row.get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option(label=action)
    page.get_by_role("button", name="Go").click()


def told(page: Page) -> Locator:
    return page.locator(".messagelist")


def test_a_wrong_password_is_told_and_the_right_one_leads_to_the_index(visits: Visits, site: Site) -> None:
    with visits.page("/admin/", alone=True) as page:
        log_in(page, name="admin", password="guessed")
        expect(page.locator(".errornote")).to_contain_text("correct username and password")
        log_in(page, name="admin", password=site.password)
        expect(page.get_by_role("heading", name="Site administration")).to_be_visible()


def test_every_list_of_the_index_opens_and_so_does_its_first_row(visits: Visits) -> None:
    with visits.page("/admin/", staff=True) as page:
        links = page.locator("#content-main th a")
        paths = [link.get_attribute("href") or "" for link in links.all()]
        assert len(paths) > 15
        for path in paths:
            page.goto(path)
            expect(page.locator("#changelist")).to_be_visible()
            first = page.locator("#result_list tbody th a").first
            if first.count():
                first.click()
                expect(page.locator("#content-main")).to_be_visible()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
def test_a_schedule_is_run_paused_and_resumed_from_the_list(size: Size, visits: Visits) -> None:
    with visits.page("/admin/django_q/schedule/", staff=True, size=size) as page:
        row = page.locator("#result_list tbody tr", has_text=SCHEDULE)
        act_on(page, row, "Run now, beside the schedule")
        expect(told(page)).to_contain_text("nodes-repeatable runs as soon as a worker is free.")

        page.get_by_role("textbox", name="Note").fill("a note of the list's")
        act_on(page, row, "Pause, with the note and the end")
        expect(told(page)).to_contain_text("nodes-repeatable is paused.")
        expect(row).to_contain_text("a note of the list's")

        act_on(page, row, "Resume")
        expect(told(page)).to_contain_text("nodes-repeatable goes on.")
        expect(row).not_to_contain_text("a note of the list's")


def test_a_cadence_is_edited_on_the_page_of_its_schedule(visits: Visits) -> None:
    with visits.page("/admin/django_q/schedule/", staff=True) as page:
        for seconds in ("40", "30"):
            page.get_by_role("link", name=SCHEDULE).first.click()
            page.get_by_label("Seconds").fill(seconds)
            page.get_by_role("button", name="Save", exact=True).click()
            row = page.locator("#result_list tbody tr", has_text=SCHEDULE)
            expect(row).to_contain_text(f"every {seconds} s")


def test_a_failed_run_is_found_by_its_filter_and_tried_again(visits: Visits, site: Site) -> None:
    with visits.page(staff=True) as page:
        fail_once(page, site)
        mend(site)
        page.goto("/admin/scheduling/run/")
        page.locator("#changelist-filter").get_by_role("link", name="failed").click()
        # Others may fail meanwhile, of this job too.
        failed = page.locator("#result_list tbody tr", has_text="TypeError").first.get_by_role("checkbox")
        ticked = page.locator(f"input[name='_selected_action'][value='{failed.get_attribute('value')}']")
        row = page.locator("#result_list tbody tr").filter(has=ticked)
        act_on(page, row, "Retry those that failed")
        expect(told(page)).to_contain_text("Retried 1 of 1 run.")
        expect(row).to_have_count(0)


def test_a_token_is_shown_once_works_and_is_revoked(visits: Visits) -> None:
    with visits.page("/admin/scheduling/apitoken/", staff=True) as page:
        page.get_by_role("link", name="Add api token").click()
        page.get_by_label("Name").fill("a browser's")
        page.get_by_label("May trigger").check()
        page.get_by_role("button", name="Save", exact=True).click()
        token = page.locator("#content code").first.inner_text()
        bearer = {"Authorization": f"Bearer {token}"}
        assert page.request.post(TRIGGER, headers=bearer).status == 202
        assert page.request.post(PAUSE, headers=bearer, data={"note": "no"}).status == 403

        page.get_by_role("link", name="All tokens").click()
        expect(page.locator("body")).not_to_contain_text(token)
        act_on(page, page.locator("#result_list tbody tr", has_text="a browser's"), "Revoke")
        expect(told(page)).to_contain_text("Revoked: 1.")
        assert page.request.post(TRIGGER, headers=bearer).status == 401


def test_an_alert_is_listed_with_its_message_as_text(visits: Visits, site: Site) -> None:
    site.rows(ALERT)
    with visits.page("/admin/scheduling/alert/", staff=True) as page:
        expect(page.locator("#result_list")).to_contain_text("A test <b>shrank</b> it")
        page.locator("#changelist-filter").get_by_role("link", name="Not empty").click()
        expect(page.locator("#result_list")).to_contain_text("the cluster")


def test_history_is_read_and_not_written(visits: Visits) -> None:
    with visits.page("/admin/scheduling/run/", staff=True) as page:
        page.locator("#result_list tbody th a").first.click()
        expect(page.get_by_role("link", name="Close")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("Save|Delete"))).to_have_count(0)
        expect(page.locator("#content-main input:not([type=hidden])")).to_have_count(0)


def test_a_validator_in_the_admin_draws_its_scores(visits: Visits) -> None:
    with visits.page("/admin/validators/validator/", staff=True) as page:
        page.locator("#result_list tbody a").first.click()
        expect(page.locator("#score-chart canvas")).to_be_visible()
        page.locator("summary", has_text=re.compile("newest scores? as a table")).click()
        expect(page.locator(".history details tbody tr").first).to_be_visible()


def test_the_documentation_of_the_api_asks_the_api_and_follows_the_dark(visits: Visits) -> None:
    with visits.page("/api/docs") as page:
        page.emulate_media(color_scheme="dark")
        expect(page.locator("html")).to_have_class("dark-mode")
        page.emulate_media(color_scheme="light")
        expect(page.locator("html")).not_to_have_class("dark-mode")
        operation = page.locator("#operations-default-list_validators, .opblock").filter(
            has=page.locator("[data-path='/api/v1/cluster']")
        )
        operation.first.locator("button.opblock-summary-control").click()
        operation.first.get_by_role("button", name="Try it out").click()
        operation.first.get_by_role("button", name="Execute").click()
        expect(operation.first.locator(".live-responses-table .response-col_status").last).to_contain_text(
            "200"
        )
