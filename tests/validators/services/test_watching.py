"""Which validators alerts are about: rows that people add, by API, command and admin, and a setting."""

import json
from typing import Any

import pytest
from django.core.management import CommandError
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from tests.commands import printed
from tests.validators.rows import NOON, validator
from tests.validators.subscriptions.receiving import token
from validators.models import CommissionChange, WatchedValidator
from validators.models.watching import watched_accounts
from validators.monitoring.alerts import commission_jumps

pytestmark = [pytest.mark.django_db, pytest.mark.database]

KEY, OTHER = "1" * 32, "1" * 31 + "2"


@pytest.fixture(autouse=True)
def one_in_the_settings(settings: Settings) -> None:
    settings.WATCHED_VALIDATORS = [OTHER]


def ask(client: Client, method: str, address: str, text: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {text}"}
    told = json.dumps(body) if body is not None else ""
    return client.generic(
        method, f"/api/v1/{address}", told, content_type="application/json", headers=headers
    )


def command(*words: str) -> str:
    return printed("watched", *words)


def test_a_command_without_an_action_asks_for_that_and_no_key() -> None:
    with pytest.raises(CommandError, match=r"arguments are required: action$"):
        command()


def test_alerts_are_about_rows_and_setting_alike() -> None:
    for key in (KEY, OTHER):
        change = {"epoch": 990, "from_bps": 0, "to_bps": 1_000, "seen_at": NOON}
        CommissionChange.objects.create(
            validator=validator(len(key) + int(key[-1]), vote_account=key), **change
        )
    command("add", KEY)

    assert {trouble.subject for trouble in commission_jumps(now=NOON)} == {KEY, OTHER}


def test_a_token_with_the_scope_adds_lists_and_removes(client: Client) -> None:
    text = token("bot", "watch")[1]

    bare = ask(client, "PUT", f"watched-validators/{KEY}", text)
    added = ask(client, "PUT", f"watched-validators/{KEY}", text, {"note": "ours"})
    ask(client, "PUT", f"watched-validators/{KEY}", text, {"note": "still ours"})
    listed = ask(client, "GET", "watched-validators", text).json()["items"]
    removed = ask(client, "DELETE", f"watched-validators/{KEY}", text)

    assert (bare.status_code, bare.json()["watched"]["note"]) == (200, None)
    assert (added.status_code, added.json()["watched"]["added_by"]) == (200, "token bot")
    assert [(row["vote_account"], row["origin"], row["note"]) for row in listed] == [
        (KEY, "row", "still ours"),
        (OTHER, "settings", None),
    ]
    assert removed.status_code == 204
    assert watched_accounts() == [OTHER]


def test_what_cannot_be_is_refused_by_the_api(client: Client) -> None:
    text = token("bot", "watch")[1]
    refused = [
        ask(client, "PUT", "watched-validators/abc", text, {}),
        ask(client, "PUT", f"watched-validators/{KEY}", text, {"notes": ""}),
        ask(client, "DELETE", f"watched-validators/{KEY}", text),
        ask(client, "DELETE", f"watched-validators/{OTHER}", text),
        ask(client, "GET", "watched-validators", token("subscriber")[1]),
    ]

    assert [(reply.status_code, reply.json()["code"]) for reply in refused] == [
        (422, "invalid"),
        (422, "unknown_field"),
        (404, "not_watched"),
        (409, "refused"),
        (403, "missing_scope"),
    ]
    assert not WatchedValidator.objects.exists()


def test_the_command_adds_lists_and_removes_all_or_none() -> None:
    unseen = f"not seen by any fetch so far: {KEY}\n"
    assert command("add", KEY, "--note", "ours") == f"watched: {KEY}\n{unseen}"
    document = json.loads(command("list", "--json"))
    assert [(row["vote_account"], row["origin"]) for row in document] == [(KEY, "row"), (OTHER, "settings")]
    assert KEY in command("list")

    with pytest.raises(CommandError, match="'abc' is no vote account") as refused:
        command("add", KEY[:-1] + "3", "abc")
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="WATCHED_VALIDATORS"):
        command("remove", KEY, OTHER)
    assert watched_accounts() == [KEY, OTHER]

    assert command("remove", KEY) == f"no longer watched: {KEY}\n"
    assert watched_accounts() == [OTHER]


def test_the_key_of_a_node_is_refused_with_its_vote_accounts_everywhere(
    client: Client, admin_client: Client
) -> None:
    for number in (2, 1):
        validator(number, vote_account=OTHER[:-1] + f"{number + 3}", identity=KEY)
    said = f"{KEY} is no vote account. It is the identity of {OTHER[:-1]}4, {OTHER[:-1]}5."

    with pytest.raises(CommandError) as refused:
        command("add", KEY)
    answer = ask(client, "PUT", f"watched-validators/{KEY}", token("bot", "watch")[1], {})
    form = admin_client.post(reverse("admin:validators_watchedvalidator_add"), {"vote_account": KEY})

    assert (str(refused.value), refused.value.returncode) == (said, 2)
    assert (answer.status_code, answer.json()) == (
        422,
        {"code": "invalid", "detail": f"vote_account: {said}"},
    )
    assert said in form.content.decode()
    assert not WatchedValidator.objects.exists()


def test_a_key_that_is_a_vote_account_too_is_taken() -> None:
    validator(1, vote_account=KEY, identity=KEY)

    assert command("add", KEY) == f"watched: {KEY}\n"


def test_whether_anybody_saw_it_is_told(client: Client) -> None:
    text = token("bot", "watch")[1]
    added = [ask(client, "PUT", f"watched-validators/{KEY}", text, {}).json()["watched"]["seen"]]
    assert "not yet" in command("list")
    validator(1, vote_account=KEY)
    added.append(ask(client, "PUT", f"watched-validators/{KEY}", text, {}).json()["watched"]["seen"])

    assert added == [False, True]
    listed = ask(client, "GET", "watched-validators", text).json()["items"]
    assert [(one["vote_account"], one["seen"]) for one in listed] == [(KEY, True), (OTHER, False)]


def test_what_was_added_and_removed_is_one_json_document() -> None:
    for action in ("add", "remove"):
        document = json.loads(command(action, KEY, "--json"))
        assert document == [{"vote_account": KEY, "action": action, "seen": False}]


def test_staff_add_and_remove_in_the_admin(admin_client: Client) -> None:
    add = reverse("admin:validators_watchedvalidator_add")

    refused = admin_client.post(add, {"vote_account": "abc"})
    admin_client.post(add, {"vote_account": KEY, "note": "ours"})

    assert "is no vote account" in refused.content.decode()
    row = WatchedValidator.objects.get()
    assert (row.vote_account, row.note, row.added_by) == (KEY, "ours", "admin")
    admin_client.post(reverse("admin:validators_watchedvalidator_delete", args=[row.pk]), {"post": "yes"})
    assert not WatchedValidator.objects.exists()
