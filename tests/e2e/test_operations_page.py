"""The operations page: every button, what changes by itself, and what does not."""

import re

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.e2e.browsing import PHONE, SIZES, Size, Visits, log_in, row_of, run_behind
from tests.e2e.site import Site

pytestmark = pytest.mark.browser

BOTH_SIZES = pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
# A test may change these without another one's noticing.
NODES, PRODUCTION = "fetch-nodes-repeatable", "fetch-production-repeatable"
NAMES, INFLATION = "fetch-names-repeatable", "fetch-inflation-repeatable"


def said(page: Page) -> Locator:
    return page.get_by_role("status")


@BOTH_SIZES
def test_run_now_runs_and_a_new_run_is_seen_without_a_reload(size: Size, visits: Visits) -> None:
    with visits.page("/operations/", staff=True, size=size) as page:
        row_of(page, NODES).get_by_role("button", name="Run now").click()
        expect(said(page)).to_have_text(f"{NODES} runs as soon as a worker is free.")

        page.evaluate("window.neverReloaded = true")
        # Another one may be skipped meanwhile: that of the schedule itself.
        succeeded = row_of(page, NODES).locator(".strip li.succeeded")
        seen = succeeded.count()
        run_behind(page, NODES)
        expect(succeeded.nth(seen)).to_be_visible()
        assert page.evaluate("window.neverReloaded") is True


@BOTH_SIZES
def test_pause_keeps_its_note_and_resume_goes_on(size: Size, visits: Visits) -> None:
    with visits.page("/operations/", staff=True, size=size) as page:
        # The link opens the form, and leads into it.
        row_of(page, NAMES).get_by_role("link", name="Pause").click()
        page.get_by_label("Why").fill("the <b>endpoint</b> moves")
        page.get_by_label("Until").fill("2099-01-02T12:30")
        page.get_by_role("button", name="Pause").click()
        expect(said(page)).to_have_text(f"{NAMES} is paused.")
        expect(page.locator("#live")).to_contain_text("the <b>endpoint</b> moves")
        expect(page.locator("#live")).to_contain_text("until 2099-01-02 12:30:00")

        page.goto("/operations/")
        row_of(page, NAMES).get_by_role("button", name="Resume").click()
        expect(said(page)).to_have_text(f"{NAMES} goes on.")
        expect(row_of(page, NAMES).get_by_role("link", name="Pause")).to_be_visible()
        countdown = row_of(page, NAMES).locator("time[data-countdown]")
        expect(countdown).to_have_text(re.compile(r"^(in \d+|now)"))


def test_an_interval_is_changed_and_nonsense_is_refused_with_a_reason(visits: Visits) -> None:
    with visits.page(f"/operations/schedules/{PRODUCTION}/", staff=True) as page:
        policies = page.get_by_role("region", name="Policies")
        for typed, shown in (("45s", "every 45 s"), ("30s", "every 30 s")):
            change_interval(page, typed)
            expect(said(page)).to_have_text(
                re.compile(f"{PRODUCTION} has a new cadence. Its next run is at ")
            )
            expect(policies).to_contain_text(f"{shown} set by admin")
        change_interval(page, "now and then")
        expect(page.get_by_role("alert")).to_contain_text("now and then")
        expect(policies).to_contain_text("every 30 s")


def test_on_a_phone_the_journal_is_read_without_scrolling_sideways(visits: Visits) -> None:
    with visits.page(f"/operations/schedules/{PRODUCTION}/", staff=True, size=PHONE) as page:
        change_interval(page, "50s")
        change_interval(page, "30s")
        journal = page.locator("#journal")
        expect(journal).to_contain_text("every 30 s -> every 50 s")
        inside, seen = journal.evaluate("box => [box.scrollWidth, box.clientWidth]")
        assert inside <= seen


def change_interval(page: Page, typed: str) -> None:
    page.locator("summary", has_text="Change interval").click()
    page.get_by_label("or a cron expression").fill(typed)
    page.get_by_role("button", name="Change").click()


def test_a_failed_run_shows_its_error_and_succeeds_when_tried_again(visits: Visits, site: Site) -> None:
    with visits.page(staff=True) as page:
        fail_once(page, site)
        page.goto("/operations/")
        failed = page.locator(".errors li", has_text="TypeError").first
        failed.locator("summary").click()
        expect(failed.locator("pre")).to_contain_text("unexpected keyword argument 'nonsense'")

        mend(site)
        # Others may fail meanwhile, of this job too.
        retry = failed.locator("form[action$='/retry/']").get_attribute("action") or ""
        failed.get_by_role("button", name="Retry").click()
        expect(said(page)).to_contain_text("begins anew as soon as a worker is free.")
        expect(page.locator(f".errors form[action='{retry}']")).to_have_count(0)
        [run] = re.findall(r"/runs/(\d+)/retry/$", retry)
        assert site.one(f"SELECT state FROM scheduling_run WHERE id = {run}") != "failed"  # noqa: S608


def fail_once(page: Page, site: Site) -> None:
    """Have a run of the inflation job fail, for a parameter its task does not take."""
    job = dict(site.rows("SELECT name, id FROM scheduling_job"))[INFLATION]
    page.goto(f"/admin/scheduling/job/{job}/change/")
    page.get_by_label("Parameters:").fill('{"nonsense": 1}')
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("fetch_inflation takes: nothing")).to_be_visible()
    # As it was set while the task took it.
    wrong = """parameters = '{"nonsense": 1}', max_attempts = 1"""
    site.rows(f"UPDATE scheduling_job SET {wrong} WHERE id = {job}")  # noqa: S608
    page.goto("/operations/")
    row_of(page, INFLATION).get_by_role("button", name="Run now").click()
    expect(page.locator(".errors li", has_text="TypeError").first).to_be_visible()


def mend(site: Site) -> None:
    """As if the task took that parameter from now on; what failed keeps its own, so it is taken away."""
    for table in ("scheduling_job", "scheduling_run"):
        site.rows(f"UPDATE {table} SET parameters = '{{}}' WHERE parameters LIKE '%nonsense%'")  # noqa: S608


def test_the_page_asks_for_changes_while_it_is_seen_and_not_while_it_is_hidden(visits: Visits) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith("/operations/live/"):
            asked.append(request.url)

    with visits.page(staff=True, alone=True) as page:
        page.on("request", note)
        page.clock.install()
        page.goto("/operations/")
        page.clock.run_for(5_000)
        page.wait_for_load_state("networkidle")
        assert asked

        set_hidden(page, hidden=True)
        before = len(asked)
        page.clock.run_for(60_000)
        page.wait_for_load_state("networkidle")
        assert len(asked) == before

        with page.expect_request("**/operations/live/"):
            set_hidden(page, hidden=False)


def set_hidden(page: Page, *, hidden: bool) -> None:
    """As if the visitor had turned to another tab; a browser without a screen hides none."""
    page.evaluate(
        """hidden => {
          Object.defineProperty(document, "hidden", {configurable: true, value: hidden});
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_an_unchanged_page_costs_a_304_and_what_is_opened_stays_open(visits: Visits) -> None:
    with visits.page("/operations/", staff=True) as page:
        page.locator("summary", has_text="Pause all").click()
        page.get_by_label("Why").fill("half a sen")
        with page.expect_response(lambda reply: reply.url.endswith("/live/") and reply.status == 304):
            pass
        with page.expect_response(lambda reply: reply.url.endswith("/live/") and reply.status == 200):
            run_behind(page, NAMES)
        expect(page.get_by_label("Why")).to_have_value("half a sen")
        expect(page.get_by_label("Why")).to_be_focused()


def test_without_javascript_the_page_reads_and_its_buttons_work(visits: Visits) -> None:
    with visits.page("/operations/", staff=True, javascript=False) as page:
        countdown = row_of(page, NAMES).locator("time[data-countdown]")
        expect(countdown).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:"))
        row_of(page, NAMES).get_by_role("link", name="Pause").click()
        page.get_by_label("Why").fill("no script here")
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("#live")).to_contain_text("no script here")
        page.get_by_role("button", name="Resume").click()
        expect(said(page)).to_have_text(f"{NAMES} goes on.")


def test_times_are_told_in_the_viewers_zone_too(visits: Visits) -> None:
    with visits.page("/operations/schedules/fetch-repeatable/", staff=True, zone="Asia/Kolkata") as page:
        first = page.locator(".coming li").first
        expect(first).to_contain_text(re.compile(r"\d\d:\d\d Asia/(Kolkata|Calcutta)"))
        expect(page.get_by_text("Times are UTC; point at one for yours, Asia/")).to_be_visible()
        title = page.locator("#runs time").first.get_attribute("title") or ""
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d Asia/\w+", title), title


def test_logging_out_ends_at_the_login_which_leads_back(visits: Visits, site: Site) -> None:
    with visits.page("/operations/", alone=True) as page:
        log_in(page, name="admin", password=site.password)
        expect(page).to_have_url(f"{site.url}/operations/")
        page.get_by_role("button", name="Log out").click()
        page.goto("/operations/")
        expect(page).to_have_url(re.compile("/admin/login/"))
