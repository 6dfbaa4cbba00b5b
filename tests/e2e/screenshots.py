"""Takes the README's pictures of a running stack: `python -m tests.e2e.screenshots`."""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import django
from playwright.sync_api import expect, sync_playwright

from tests.e2e.browsing import DESKTOP, PHONE, Size, Visits, launched, log_in, row_of
from tests.e2e.site import running_site

PICTURES: Final = ("validators", "validator", "cluster", "operations", "schedule")
# Enough runs that the strips and charts of the operations page show something; in milliseconds.
RUNS_SHOWN: Final = 12
MOST_WAITED: Final = 300_000
FOLDER: Final = Path(__file__).parents[2] / "docs" / "screenshots"
# A large one with a name, so that there is something to read.
LARGEST: Final = """
SELECT vote_account FROM validators_validator
WHERE name != '' AND commission_bps < 1000 ORDER BY activated_stake DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: which page, on which screen, in which scheme."""

    page: str
    size: Size
    scheme: str

    @property
    def file_name(self) -> str:
        return f"{self.page}-{self.size.name}-{self.scheme}.png"


SHOTS: Final = [
    Shot(page, size, scheme)
    for page in PICTURES
    for size, scheme in ((DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark"))
]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
    django.setup()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("There is no Chromium here. On Debian: apt-get install --no-install-recommends chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_site(Path(folder)) as site,
        sync_playwright() as playwright,
    ):
        visits = with_runs(Visits(launched(playwright, chromium), site))
        for shot in SHOTS:
            take(shot, visits)


def with_runs(visits: Visits) -> Visits:
    """Log in, and wait until there is something to look at."""
    with visits.page("/operations/", alone=True) as page:
        log_in(page, name="admin", password=visits.site.password)
        runs = row_of(page, "fetch-repeatable").locator(".strip li")
        expect(runs.nth(RUNS_SHOWN)).to_be_attached(timeout=MOST_WAITED)
        return replace(visits, operator=page.context.storage_state())


def take(shot: Shot, visits: Visits) -> None:
    paths = {
        "validators": "/",
        "validator": f"/validators/{visits.site.one(LARGEST)}/",
        "schedule": "/operations/schedules/fetch-repeatable/",
    }
    path = paths.get(shot.page, f"/{shot.page}/")
    staff = shot.page in ("operations", "schedule")
    with visits.page(path, staff=staff, size=shot.size, scheme=shot.scheme) as page:
        # On a phone those of a validator are folded.
        if shot.page == "schedule" or (shot.page == "validator" and not shot.size.phone):
            expect(page.locator(".chart canvas").first).to_be_visible()
        page.screenshot(path=FOLDER / shot.file_name)


if __name__ == "__main__":
    main()
