"""Every page there is, for what must hold on each of them."""

from dataclasses import dataclass
from typing import Final

from tests.e2e.site import Site

SOURCES: Final = (
    "fetch-cluster-repeatable",
    "fetch-nodes-repeatable",
    "fetch-production-repeatable",
    "fetch-names-repeatable",
    "fetch-inflation-repeatable",
    "vote-states-repeatable",
    "fetch-mev-repeatable",
    "fetch-pool-search-repeatable",
    "fetch-pools-repeatable",
    "fetch-stakes-repeatable",
)

# Rules of axe that templates of others break, each with where. Nothing of ours is among them.
#
# Django's breadcrumbs: links without an underline in a line with other text.
BREADCRUMBS: Final = frozenset({"link-in-text-block"})
# Django's search box above a list: a picture for a label, and a help text.
SEARCH: Final = frozenset({"label-title-only"})
# Swagger UI: white on light green, and a button that holds another one.
SWAGGER: Final = frozenset({"color-contrast", "nested-interactive"})


@dataclass(frozen=True, slots=True)
class Place:
    """A page. Its path may hold names of `_KEYS`; `allowed` are rules of axe that others' templates break."""

    name: str
    path: str
    staff: bool = False
    allowed: frozenset[str] = frozenset()


PLACES: Final = (
    Place("validators", "/"),
    Place("no validators", "/?search=nobody+is+called+this"),
    Place("validator", "/validators/{vote}/"),
    Place("changes", "/events/?kind=joined"),
    Place("compare", "/compare/?v={vote}&v={other}"),
    Place("methods", "/scores/compare/"),
    Place("cluster", "/cluster/"),
    Place("watched", "/?watched=yes&superminority=no"),
    Place("what the scores mean", "/scores/"),
    Place("rules", "/rules/"),
    Place("rule set", "/rules/jitosol-steward/"),
    Place("selection", "/selection/?size=5&held={vote},{other}"),
    Place("documentation of the API", "/api/docs", allowed=SWAGGER),
    Place("login", "/admin/login/"),
    Place("operations", "/operations/", staff=True),
    Place("page of a schedule", "/operations/schedules/fetch-repeatable/", staff=True),
    Place("search of runs", "/operations/runs/?schedule=fetch-repeatable&text=e", staff=True),
    Place("admin", "/admin/", staff=True),
    Place("runs", "/admin/scheduling/run/", staff=True, allowed=BREADCRUMBS),
    Place("run", "/admin/scheduling/run/{run}/change/", staff=True, allowed=BREADCRUMBS),
    Place("schedules", "/admin/django_q/schedule/", staff=True, allowed=BREADCRUMBS),
    Place("schedule", "/admin/django_q/schedule/{schedule}/change/", staff=True, allowed=BREADCRUMBS),
    Place("jobs", "/admin/scheduling/job/", staff=True, allowed=BREADCRUMBS),
    Place("job", "/admin/scheduling/job/{job}/change/", staff=True, allowed=BREADCRUMBS),
    Place("tokens", "/admin/scheduling/apitoken/", staff=True, allowed=BREADCRUMBS),
    Place("a new token", "/admin/scheduling/apitoken/add/", staff=True, allowed=BREADCRUMBS),
    Place("alerts", "/admin/scheduling/alert/", staff=True, allowed=BREADCRUMBS),
    Place("changes of jobs", "/admin/scheduling/jobchange/", staff=True, allowed=BREADCRUMBS),
    Place("tasks that succeeded", "/admin/django_q/success/", staff=True, allowed=BREADCRUMBS),
    Place("tasks that failed", "/admin/django_q/failure/", staff=True, allowed=BREADCRUMBS),
    Place(
        "validators in the admin", "/admin/validators/validator/", staff=True, allowed=BREADCRUMBS | SEARCH
    ),
    Place(
        "a validator in the admin",
        "/admin/validators/validator/{validator}/change/",
        staff=True,
        allowed=BREADCRUMBS,
    ),
    Place("stake pools", "/admin/validators/stakepool/", staff=True, allowed=BREADCRUMBS | SEARCH),
    Place("stakes of pools", "/admin/validators/poolstake/", staff=True, allowed=BREADCRUMBS | SEARCH),
    Place("scores", "/admin/validators/trustscore/", staff=True, allowed=BREADCRUMBS | SEARCH),
    Place("scoring runs", "/admin/validators/scoringrun/", staff=True, allowed=BREADCRUMBS),
)

_LARGEST = "SELECT {} FROM validators_validator ORDER BY activated_stake DESC LIMIT 1 OFFSET {}"
_KEYS: Final = {
    "vote": _LARGEST.format("vote_account", 0),
    "other": _LARGEST.format("vote_account", 1),
    "validator": _LARGEST.format("id", 0),
    "run": "SELECT max(id) FROM scheduling_run WHERE state = 'succeeded'",
    "schedule": "SELECT max(id) FROM django_q_schedule",
    "job": "SELECT min(id) FROM scheduling_job",
}


def addresses(site: Site) -> dict[str, str]:
    """The path of every place by its name, with keys of rows that the site has."""
    keys = {name: site.one(sql) for name, sql in _KEYS.items()}
    return {place.name: place.path.format(**keys) for place in PLACES}
