"""Who is not staff sees no operations, and changes nothing."""

import re

import pytest
from playwright.sync_api import APIRequestContext, expect

from tests.e2e.browsing import Visits, log_in, row_of
from tests.e2e.places import PLACES
from tests.e2e.site import Site

pytestmark = pytest.mark.browser

ACTIONS = ("run-now", "pause", "resume", "cadence")
PASSWORD = "correct horse battery"
NEWCOMERS = f"""
from django.contrib.auth.models import User
User.objects.create_user("visitor", password="{PASSWORD}")
User.objects.create_user("reader", password="{PASSWORD}", is_staff=True)
"""


@pytest.fixture(scope="session")
def newcomers(site: Site) -> None:
    """One who is not staff, and one who is and may not operate."""
    site.manage("shell", "-c", NEWCOMERS)


def test_a_stranger_is_led_to_the_login_from_every_page_for_staff(
    visits: Visits, addresses_of: dict[str, str]
) -> None:
    with visits.page("/operations/") as page:
        expect(page).to_have_url(re.compile(r"/admin/login/\?next=/operations/$"))
        expect(page.get_by_label("Password")).to_be_visible()
        for path in (addresses_of[place.name] for place in PLACES if place.staff):
            reply = page.request.get(path, max_redirects=0)
            assert (reply.status, reply.headers["location"].split("?")[0]) == (302, "/admin/login/")


@pytest.mark.parametrize("action", ACTIONS)
def test_a_stranger_cannot_act(action: str, visits: Visits, site: Site) -> None:
    before = changes(site)
    with visits.page("/admin/login/") as page:
        token = page.locator("[name=csrfmiddlewaretoken]").get_attribute("value") or ""
        assert status_of(page.request, f"/operations/jobs/1/{action}/", token, site) == 403
        assert status_of(page.request, "/operations/runs/1/retry/", token, site) == 403
        assert page.request.get("/operations/live/").status == 401
    assert changes(site) == before


def test_an_action_needs_the_token_of_a_form_of_ours(visits: Visits, site: Site) -> None:
    """Another site's page may make a visitor's browser post here, and is refused."""
    before = changes(site)
    with visits.page("/operations/", staff=True) as page:
        assert status_of(page.request, "/operations/jobs/1/pause/", "", site) == 403
    assert changes(site) == before


@pytest.mark.usefixtures("newcomers")
def test_who_is_not_staff_is_turned_away_with_the_right_password(visits: Visits) -> None:
    with visits.page("/operations/", alone=True) as page:
        log_in(page, name="visitor", password=PASSWORD)
        expect(page.locator(".errornote")).to_contain_text("staff account")


@pytest.mark.usefixtures("newcomers")
def test_staff_who_may_not_operate_see_no_button_and_are_refused(visits: Visits, site: Site) -> None:
    with visits.page("/operations/", alone=True) as page:
        log_in(page, name="reader", password=PASSWORD)
        expect(row_of(page, "fetch-repeatable")).to_be_visible()
        expect(page.get_by_role("button")).to_have_text(["Log out"])
        token = page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
        assert status_of(page.request, "/operations/jobs/1/pause/", token, site) == 403


def test_writes_of_the_api_need_a_token(visits: Visits) -> None:
    with visits.page("/") as page:
        for action in ("trigger", "pause", "resume"):
            reply = page.request.post(f"/api/v1/schedules/fetch-repeatable/{action}")
            assert reply.status == 401


def changes(site: Site) -> list[tuple[object, ...]]:
    """Everything anybody ever did to a job."""
    return site.rows("SELECT id, action FROM scheduling_jobchange ORDER BY id")


def status_of(request: APIRequestContext, path: str, token: str, site: Site) -> int:
    form: dict[str, str | float | bool] = {
        "csrfmiddlewaretoken": token,
        "note": "a stranger",
        "cadence": "1s",
    }
    return request.post(path, form=form, headers={"Referer": f"{site.url}/"}, max_redirects=0).status
