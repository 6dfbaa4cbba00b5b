"""Every page and every route of the API, as `ten_years` asks for them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse

from scheduling.models import Run
from validators.models import Validator
from validators.reading.standings import SORT_FIELDS

# Milliseconds.
PAGE_BAR: Final = 100.0
LIST_BAR: Final = 60.0
UNCHANGED_BAR: Final = 3.0
# What the queries behind a validator's page may take.
HISTORY_BAR: Final = 20.0
# Of a filter of the admin, so many choices.
MOST_CHOICES: Final = 3


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: one address again and again, or several in turn; and how long it may take."""

    name: str
    addresses: tuple[str, ...]
    bar: float = PAGE_BAR
    status: int = 200
    query_bar: float | None = None
    headers: dict[str, str] = field(default_factory=dict)


def staff() -> Client:
    user, _ = User.objects.get_or_create(username="ada", is_staff=True, is_superuser=True)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def questions(client: Client) -> Iterator[Question]:
    accounts = tuple(
        Validator.objects.filter(left_at=None)
        .order_by("identity")
        .values_list("vote_account", flat=True)[:20]
    )
    yield from public_pages(accounts)
    yield from (one("/operations/"), one("/operations/live/"), one("/admin/"))
    # Nearly all of them, and of a state that is no longer among the first choices of the filter.
    yield one("/admin/scheduling/run/?state__exact=succeeded")
    yield from api(client, accounts)
    # Nothing works on these runs.
    yield from (one("/metrics"), one("/readyz", status=503), one("/healthz"))
    for model in sorted(admin.site._registry, key=lambda model: model._meta.label):
        yield from change_list(client, model)


def one(address: str, **more: Any) -> Question:
    return Question(address, (address,), **more)


def public_pages(accounts: tuple[str, ...]) -> Iterator[Question]:
    for query in (
        *("", "?page=20", "?page=40", "?method=baseline-v1", "?search=a", f"?search={accounts[0]}"),
        *("?search=nothing-like-this", "?max_commission_percent=5", "?min_stake_sol=10000", "?voting=no"),
        *("?superminority=yes", "?client=agave", "?min_stake_sol=10000&max_commission_percent=5&sort=-apy"),
    ):
        yield one(f"/{query}")
    for sort in SORT_FIELDS:
        yield Question(f"/?sort={sort}, -{sort}", (f"/?sort={sort}", f"/?sort=-{sort}"))
    pages = tuple(f"/validators/{account}/" for account in accounts)
    yield Question("/validators/<vote_account>/, each another", pages, query_bar=HISTORY_BAR)
    yield Question("/validators/<vote_account>/, the same again", pages[:1], query_bar=HISTORY_BAR)
    yield Question("/validators/<vote_account>/?method=", (f"{pages[0]}?method=baseline-v1",))
    yield one("/validators/1111/", status=404)
    named = "&".join(f"v={account}" for account in accounts[:4])
    yield Question("/compare/ of four", (f"/compare/?{named}",))
    yield one("/compare/")
    yield one("/cluster/")
    yield one("/scores/compare/")


def api(client: Client, accounts: tuple[str, ...]) -> Iterator[Question]:
    listed = "/api/v1/validators?limit=2000"
    for query in ("", "&format=csv", "&sort=-stake", "&method=baseline-v1"):
        yield one(listed + query, bar=LIST_BAR)
    etag = client.get(listed)["ETag"]
    yield Question(
        "/api/v1/validators, unchanged", (listed,), UNCHANGED_BAR, 304, headers={"If-None-Match": etag}
    )
    for sort in SORT_FIELDS:
        yield one(f"/api/v1/validators?sort=-{sort}")
    yield one("/api/v1/validators?search=a&client=agave&min_stake=1000000000&min_score=50")
    yield behind(client, "/api/v1/validators?sort=-apy")
    for part in (
        "",
        "/epochs",
        "/epochs?limit=1000",
        "/epochs?format=csv",
        "/score",
        "/scores",
        "/scores?limit=1000",
    ):
        addresses = tuple(f"/api/v1/validators/{account}{part}" for account in accounts)
        yield Question(f"/api/v1/validators/<vote_account>{part}", addresses)
    yield behind(client, f"/api/v1/validators/{accounts[0]}/epochs")
    yield behind(client, f"/api/v1/validators/{accounts[0]}/scores")
    for address in (
        *("scoring-runs", "scoring-runs?method=baseline-v1&limit=1000", "cluster", "cluster/epochs"),
        *("cluster/epochs?limit=1000", "cluster/epochs?format=csv", "scores/compare", "schedules"),
        *("schedules?format=csv", "schedules/fetch-repeatable", "runs", "runs?limit=1000"),
        *("runs?limit=1000&format=csv", "runs?state=failed", "runs?state=skipped", "runs?state=running"),
        *("runs?state=succeeded", "runs?state=failed&state=skipped", "runs?schedule=fetch-repeatable"),
        "runs?schedule=fetch-repeatable&state=failed",
    ):
        yield one(f"/api/v1/{address}")
    yield one("/api/v1/runs?schedule=nothing", status=422)
    for query in (
        "",
        "?state=failed",
        "?schedule=score-repeatable",
        "?schedule=score-repeatable&state=failed",
    ):
        yield behind(client, f"/api/v1/runs{query}")
    middle = Run.objects.order_by("pk").values_list("pk", flat=True)[Run.objects.count() // 2]
    yield Question("/api/v1/runs/<id>", (f"/api/v1/runs/{middle}",))
    yield from (one("/api/openapi.json"), one("/api/docs"))


def behind(client: Client, address: str, pages: int = 5) -> Question:
    """Some pages further down."""
    joint = "&" if "?" in address else "?"
    asked = address
    for _ in range(pages):
        cursor = client.get(asked).json()["next_cursor"]
        if cursor is None:
            break
        asked = f"{address}{joint}cursor={cursor}"
    return Question(f"{address}{joint}cursor=…", (asked,))


def change_list(client: Client, model: Any) -> Iterator[Question]:
    """First, middle and last page of a list in the admin, its searches, filters and orders, and one row."""
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    address = reverse(f"admin:{label}_changelist")
    shown = client.get(address)
    if shown.status_code != 200:
        return
    request = RequestFactory().get(address)
    request.user = User.objects.get(username="ada")
    found = admin.site._registry[model].get_changelist_instance(request)
    yield one(address)
    last = found.paginator.num_pages
    if last > 2:
        yield one(f"{address}?p={last // 2}")
        yield one(f"{address}?p={last}")
    if found.search_fields:
        account = Validator.objects.order_by("identity").values_list("vote_account", flat=True)[0]
        for words in ("fetch-repeatable", account, "nothing-like-this"):
            yield one(f"{address}?q={words}")
    for spec in found.filter_specs:
        choices = [str(choice["query_string"]) for choice in spec.choices(found)]
        yield from (one(address + query) for query in choices[1 : 1 + MOST_CHOICES])
    for place in range(1, len(found.list_display)):
        if found.model_admin.sortable_by is None and f"o={place}" in shown.content.decode():
            yield one(f"{address}?o={place}")
    newest = re.search(rf'href="({address}[^"?]+/change/)', shown.content.decode())
    if newest:
        yield Question(f"{address}<id>/change/", (newest[1],))
