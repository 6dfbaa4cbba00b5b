"""The API's answer to what to hold."""

import csv

import pytest
from django.test import Client

from tests.validators.asking import get
from tests.validators.rows import NOON, SOL, fetch, pool, scoring_run, stake, validator
from validators.models import DelinquencyIncident, Validator
from validators.monitoring.delinquency import much_is_delinquent

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def eight() -> None:
    fetch()
    scoring_run([(validator(number, commission_bps=100 * number), 100.0 - number) for number in range(1, 9)])


def test_who_stays_enters_and_leaves_is_told_with_reasons(client: Client) -> None:
    reply = get(client, "selection?size=2&held=vote3,vote5&band=1.5")

    assert (reply["method"], reply["next_cursor"]) == ("baseline-v1", None)
    assert [(one["action"], one["vote_account"], one["place"]) for one in reply["items"]] == [
        ("stays", "vote3", 3), ("enters", "vote1", 1), ("leaves", "vote5", 5),
    ]  # fmt: skip
    left = reply["items"][2]
    assert (left["name"], left["rank"], left["score"], left["why"]) == (
        None,
        5,
        95.0,
        "place 5 is behind 3, up to which held ones stay",
    )


def test_who_is_delinquent_does_not_enter_and_each_is_told_so(client: Client) -> None:
    Validator.objects.filter(vote_account__in=["vote1", "vote3", "vote6"]).update(delinquent=True)

    items = get(client, "selection?size=2&held=vote3,vote6&band=1.5")["items"]

    assert [(one["action"], one["vote_account"], one["why"]) for one in items] == [
        ("stays", "vote3", "place 3 of 8; held ones stay up to 3; it is delinquent now"),
        ("enters", "vote2", "place 2 of 8, and there is room"),
        ("leaves", "vote6", "place 6 is behind 3, up to which held ones stay; it is delinquent now"),
        (
            "passed_over",
            "vote1",
            "place 1 of 8; it is delinquent now, and who is delinquent does not enter",
        ),
    ]
    assert items[3]["capped_by"] is None


def test_why_nothing_is_to_be_moved_is_told_in_json_and_csv(client: Client) -> None:
    before = get(client, "selection?size=2&held=vote6")["doubt"]
    Validator.objects.filter(vote_account__in=["vote4", "vote5", "vote6"]).update(delinquent=True)
    # As a fetch does that stores it.
    fetch()

    told = get(client, "selection?size=2&held=vote6")["doubt"]
    header = client.get("/api/v1/selection?size=2&format=csv")["Doubt"]

    assert before is None
    assert told == header == much_is_delinquent()
    assert told.startswith("41.67 % of the stake is delinquent, more than a third")


@pytest.mark.parametrize("looks", [1, 2])
def test_a_held_one_stays_at_the_first_look_that_finds_it_delinquent_and_is_judged_at_the_second(
    client: Client, looks: int
) -> None:
    for account in ("vote6", "vote7"):
        silent = Validator.objects.get(vote_account=account)
        DelinquencyIncident.objects.create(validator=silent, started_at=NOON, start_epoch=990, fetches=looks)
    Validator.objects.filter(vote_account__in=["vote6", "vote7"]).update(delinquent=True)

    # Its score fell below what is asked for, too; but the commission of 7 does not meet the filter.
    asked = "held=vote2,vote6,vote7&size=3&band=1&delinquent=false&min_score=95&max_commission=0.06"
    items = get(client, f"selection?{asked}")["items"]

    told = {one["vote_account"]: (one["action"], one["why"]) for one in items}
    why = "place 6 of 6; it is delinquent now, but in a single look so far, and no held one leaves for that"
    left = ("leaves", "it is not among those asked for; it is delinquent now")
    assert told["vote6"] == (("stays", why) if looks == 1 else left)
    assert told["vote7"] == left
    assert (told["vote2"][0], told["vote1"][0]) == ("stays", "enters")
    assert len([one for one in items if one["action"] in ("stays", "enters")]) == 3


def delinquent_in_one_look(account: str) -> None:
    silent = Validator.objects.get(vote_account=account)
    DelinquencyIncident.objects.create(validator=silent, started_at=NOON, start_epoch=990, fetches=1)
    Validator.objects.filter(pk=silent.pk).update(delinquent=True)


def test_a_single_look_brings_back_nobody_that_was_not_asked_for(client: Client) -> None:
    delinquent_in_one_look("vote6")
    client.cookies["stars"] = "vote2.vote3"

    content = client.get("/selection/?watched=yes&size=2&band=1&held=vote2,vote6").content.decode()

    assert "in a single look so far" not in content
    assert "it is not among those asked for; it is delinquent now" in content


def test_a_held_one_of_a_single_look_that_better_ones_leave_no_room_for_is_told_so(client: Client) -> None:
    delinquent_in_one_look("vote6")

    items = get(client, "selection?size=2&band=1&held=vote1,vote2,vote6")["items"]

    told = {one["vote_account"]: (one["action"], one["why"]) for one in items}
    assert told["vote6"] == (
        "leaves",
        "more are held than 2, and these are better; it is delinquent now",
    )


def test_while_everybody_is_delinquent_nobody_enters(client: Client) -> None:
    Validator.objects.update(delinquent=True)

    items = get(client, "selection?size=2&held=vote1")["items"]

    assert [one["vote_account"] for one in items if one["action"] == "stays"] == ["vote1"]
    assert {one["action"] for one in items[1:]} == {"passed_over"}


def test_it_is_narrowed_as_the_list_is_and_comes_as_csv(client: Client) -> None:
    response = client.get("/api/v1/selection?size=9&max_commission=0.03&format=csv")

    found = [row["vote_account"] for row in csv.DictReader(response.content.decode().splitlines())]
    assert found == ["vote1", "vote2", "vote3"]


@pytest.mark.parametrize("held", ["held=vote3,vote5", "held=vote3&held=vote5", "held=vote3&held=,vote5,"])
def test_what_is_held_is_named_with_commas_or_repeated(client: Client, held: str) -> None:
    items = get(client, f"selection?size=2&band=1.5&{held}")["items"]

    assert [one["vote_account"] for one in items if one["action"] != "enters"] == ["vote3", "vote5"]


def test_who_holds_nothing_yet_says_so(client: Client) -> None:
    assert {one["action"] for one in get(client, "selection?size=2&held=")["items"]} == {"enters"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("client=agavee&held=vote1", "client: There is no client “agavee”; did you mean agave?"),
        ("version=9.9.9&held=vote1", "version: There is no version “9.9.9”"),
        (
            f"held={','.join(f'vote{number}' for number in range(341))}",
            "held: Value should have at most 340 items",
        ),
        ("cap=operater:2&held=vote1", "cap: There is no group to cap by “operater”; did you mean operator?"),
        ("delinquent=maybe", "delinquent: it is true or false, and not “maybe”"),
        ("min_stake=50k", "min_stake: it is a whole number, and not “50k”"),
        ("max_commission=5%25", "max_commission: it is a number, and not “5%”"),
    ],
)
def test_what_is_misspelt_lets_nobody_leave_and_is_told(client: Client, query: str, told: str) -> None:
    response = client.get(f"/api/v1/selection?{query}")

    assert response.status_code == 422
    assert response.json()["detail"].startswith(told)


def test_caps_are_told_with_whom_they_could_not_be_applied_to(client: Client) -> None:
    Validator.objects.filter(vote_account__in=("vote1", "vote2", "vote3")).update(
        network="AS1", network_name="Big Iron"
    )
    Validator.objects.filter(vote_account="vote4").update(network="AS2", country="NO")

    reply = get(client, "selection?size=3&held=vote3&cap=network:1,country:2")

    assert reply["caps"] == [
        {"by": "network", "most": 1, "unknown": 4},
        {"by": "country", "most": 2, "unknown": 7},
    ]
    assert [(one["action"], one["vote_account"]) for one in reply["items"]] == [
        ("stays", "vote3"), ("enters", "vote4"), ("enters", "vote5"),
        ("passed_over", "vote1"), ("passed_over", "vote2"),
    ]  # fmt: skip
    passed = reply["items"][-1]
    assert (passed["capped_by"], passed["capped_group"]) == ("network", "AS1")
    assert passed["why"] == (
        "place 2 of 8; 1 of network AS1 (Big Iron) has a place already, as many as the cap lets in"
    )
    as_csv = client.get("/api/v1/selection?size=3&held=vote3&cap=network:1&cap=country=2&format=csv")
    assert as_csv.headers["Caps"] == "network:1 (4 unknown), country:2 (7 unknown)"
    assert as_csv.content.decode().splitlines()[-1].endswith(',"network","AS1"')


def test_a_cap_by_pool_is_of_the_one_that_stakes_most_where_that_is_much(client: Client) -> None:
    # Before any pool was looked at, nobody knows.
    assert get(client, "selection?size=7&cap=pool:1")["caps"] == [{"by": "pool", "most": 1, "unknown": 8}]
    of = {row.vote_account: row for row in Validator.objects.all()}
    first, second = pool("JitoSOL"), pool("bSOL")
    stake(first, of["vote1"], SOL // 2)
    stake(second, of["vote1"], SOL // 4)
    stake(first, of["vote2"], SOL // 5)
    # Of so little of its stake it does not hang on the pool.
    stake(first, of["vote3"], SOL // 20)
    stake(second, of["vote4"], SOL)
    stake(first, of["vote5"], SOL, epoch=989)

    reply = get(client, "selection?size=4&cap=pool:1")

    assert [one["vote_account"] for one in reply["items"] if one["action"] == "enters"] == [
        "vote1", "vote3", "vote4", "vote5",
    ]  # fmt: skip
    assert reply["caps"] == [{"by": "pool", "most": 1, "unknown": 0}]
    passed = reply["items"][-1]
    assert (passed["vote_account"], passed["capped_group"]) == ("vote2", first.address)
    assert "1 of those whose largest pool is JitoSOL has a place" in passed["why"]


def test_who_holds_more_than_an_address_has_room_for_sends_a_body(client: Client) -> None:
    Validator.objects.filter(vote_account__in=("vote1", "vote2")).update(operator="key1")
    held = ["vote3", "vote5", *(f"gone{number}" for number in range(400))]
    asked = {"size": 2, "held": held, "band": 1.5, "cap": ["operator:1"], "max_commission": 0.04}

    response = client.post("/api/v1/selection", asked, content_type="application/json")

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    items = response.json()["items"]
    assert [(one["action"], one["vote_account"]) for one in items[:2]] == [
        ("stays", "vote3"), ("enters", "vote1"),
    ]  # fmt: skip
    assert {one["action"] for one in items[2:]} == {"leaves"}
    assert len(items) == 403

    refused = client.post("/api/v1/selection", {"helt": ["vote1"]}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_field")


def test_a_body_may_be_left_out(client: Client) -> None:
    without = client.post("/api/v1/selection", "", content_type="application/json")

    assert without.status_code == 200
    assert without.json()["items"] == client.get("/api/v1/selection").json()["items"]


@pytest.mark.parametrize("query", ["size=0", "band=0.5", "band=nan", "size=1001"])
def test_what_cannot_be_asked_is_refused(client: Client, query: str) -> None:
    assert client.get(f"/api/v1/selection?{query}").status_code in (400, 422)
