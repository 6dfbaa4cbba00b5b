"""Any source in the foreground: what became of each, and the exit code."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.validators.endpoints import CannedEndpoint, reply, rpc_error
from validators.jobs import BY_SOURCE, JOBS, SCORE, VERDICTS
from validators.models import Fetch, SourceState

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EVERY = [
    *("votes", "cluster", "nodes", "production", "names", "inflation", "vote-states", "mev"),
    *("pool-search", "pools", "stakes"),
]


def fetched(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    call_command("fetch", "--json", *words)
    outcomes: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return outcomes


def test_there_is_a_source_for_every_job_that_asks_and_each_has_a_state() -> None:
    assert list(BY_SOURCE) == EVERY
    asking = {job.name for job in JOBS} - {SCORE.name, VERDICTS.name}
    assert {job.name for job in BY_SOURCE.values()} == asking
    assert set(EVERY) == set(SourceState.Source.values)


def test_all_sources_are_fetched_in_the_order_in_which_they_need_each_other(
    endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = fetched(capsys, "--all")

    assert [(one["source"], one["status"], one["error"]) for one in outcomes] == [
        (source, "succeeded", None) for source in EVERY
    ]
    assert all(list(one) == ["source", "status", "error", "seconds"] for one in outcomes)
    assert all(isinstance(one["seconds"], float) and 0 <= one["seconds"] < 60 for one in outcomes)
    assert set(SourceState.objects.exclude(last_success_at=None).values_list("source", flat=True)) == set(
        EVERY
    )


def test_sources_are_fetched_as_they_are_named_and_each_once(
    endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = fetched(capsys, "votes", "nodes", "votes")

    assert [one["source"] for one in outcomes] == ["votes", "nodes"]
    assert Fetch.objects.count() == 1


def test_a_source_that_has_nothing_to_do_is_skipped_with_the_reason_and_is_no_failure(
    endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = fetched(capsys, "nodes", "votes", "inflation", "inflation")
    again = fetched(capsys, "inflation")

    assert [one["status"] for one in outcomes] == ["skipped", "succeeded", "succeeded"]
    assert "nothing fetched yet" in outcomes[0]["error"]
    assert (again[0]["status"], "is known" in again[0]["error"]) == ("skipped", True)


def test_one_that_fails_leaves_the_others_and_ends_with_1(
    endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("fetch", "votes")
    capsys.readouterr()
    endpoint.faults = [reply("", 500)]

    with pytest.raises(CommandError, match=r"^failed: nodes$") as raised:
        call_command("fetch", "--json", "nodes", "names")

    assert raised.value.returncode == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["source"], first["status"], second["status"]) == ("nodes", "failed", "succeeded")
    assert "getClusterNodes: HTTP 500" in first["error"]


def test_people_get_a_line_for_each_as_it_ends(
    endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    # The third question of the votes is which cluster the endpoint is of.
    endpoint.faults = [None, None, None, rpc_error(-32601, "Method not found")]

    call_command("fetch", "votes", "names")

    votes, names = capsys.readouterr().out.splitlines()
    assert votes.split()[:2] == ["votes", "succeeded"]
    assert names.split()[:2] == ["names", "skipped"]
    assert "Method not found" in names


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["votes", "vote"], "There is no source 'vote'"),
        ([], "Name a source, or say --all"),
        (["--json"], "Name a source, or say --all"),
    ],
)
def test_wrong_usage_names_the_sources_and_ends_with_2(
    endpoint: CannedEndpoint, words: list[str], problem: str
) -> None:
    with pytest.raises(CommandError, match=problem) as raised:
        call_command("fetch", *words)

    assert raised.value.returncode == 2
    assert all(source in str(raised.value) for source in EVERY)
    assert endpoint.asked == []
