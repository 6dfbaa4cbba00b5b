"""How an import from the chain goes on: what it asks again, what it leaves, what it says when it cannot."""

from typing import Any

import pytest
from django.core.management import CommandError
from django.test import Client

from scheduling.exceptions import SkipRun
from tests.validators.chain_histories import HistoriesEndpoint, usual
from tests.validators.services.history.chain_imports import RUNNING, VOTES, command, looked_at, rows
from validators.exceptions import ValidatorsError
from validators.models import (
    ClusterEpoch,
    HistoryAccount,
    PictureMark,
    ValidatorEpoch,
)
from validators.services.history import from_chain
from validators.services.history.chain_store import ChainStore
from validators.services.history.from_chain import import_from_chain
from validators.services.history.pace import MOST_IN_WINDOW, WINDOW_SECONDS, Pace

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_who_interrupts_an_import_is_told_that_the_next_one_goes_on(
    followed: HistoriesEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: ChainStore, histories: Any, *, is_whole: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ChainStore, "store", interrupted)

    with pytest.raises(
        CommandError, match=r"^Stopped before the end\. .* the next import goes on there\.$"
    ) as caught:
        command("--from", "chain")

    assert caught.value.returncode == 130


def test_an_import_that_was_cut_off_goes_on_behind_its_last_step(
    followed: HistoriesEndpoint, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setattr(from_chain, "WHOLE_IN_PAGE", 1)
    store = ChainStore.store
    stored: list[str] = []

    def dies_later(self: ChainStore, histories: Any, *, is_whole: bool) -> None:
        if len(stored) == 2:
            raise KeyboardInterrupt
        store(self, histories, is_whole=is_whole)
        stored.append(histories.records.good[0].vote_account)

    monkeypatch.setattr(ChainStore, "store", dies_later)
    with pytest.raises(KeyboardInterrupt):
        import_from_chain()
    assert ValidatorEpoch.objects.count() == 20
    assert not ClusterEpoch.objects.exists()
    before = client.get("/api/v1/cluster/epochs").headers["ETag"]
    monkeypatch.setattr(ChainStore, "store", store)

    summary = import_from_chain()

    assert (summary.read_before, summary.accounts, summary.requests) == (2, 2, 2)
    assert ValidatorEpoch.objects.count() == 40
    # Also of the rows that were stored before.
    assert ClusterEpoch.objects.get(epoch=RUNNING - 9).total_stake == 20_000_000_000_000
    assert not HistoryAccount.objects.exclude(underived_from=None).exists()
    assert client.get("/api/v1/cluster/epochs").headers["ETag"] != before
    marks = list(PictureMark.objects.filter(writer="imports"))
    import_from_chain()
    assert list(PictureMark.objects.filter(writer="imports")) == marks


def test_a_budget_leaves_the_rest_for_the_next_import(
    followed: HistoriesEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(from_chain, "WHOLE_IN_PAGE", 1)

    first, second = command("--from", "chain", "--requests", "3"), command("--from", "chain")

    assert (first["accounts"], first["left"], first["requests"]) == (3, 1, 3)
    assert (second["accounts"], second["left"], second["requests"]) == (1, 0, 1)


def test_a_later_import_reads_only_what_is_new(followed: HistoriesEndpoint) -> None:
    import_from_chain()
    followed.slices.clear()
    looked_at(followed, RUNNING + 2)
    for vote in VOTES:
        followed.has(vote, *(usual(RUNNING - age) for age in range(10, -3, -1)))

    summary = import_from_chain()

    # The running epoch of then, the next, and two before, which keepers may have finished since.
    assert (summary.accounts, summary.added, summary.rows) == (4, 8, 16)
    assert (summary.first_epoch, summary.last_epoch) == (RUNNING - 2, RUNNING + 1)
    assert [part is not None for _, part in followed.slices] == [True, True]


def test_an_account_whose_ring_began_anew_is_read_whole(followed: HistoriesEndpoint) -> None:
    import_from_chain()
    looked_at(followed, RUNNING + 5)
    # What is new goes on at the ring's beginning.
    followed.has(VOTES[0], *(usual(RUNNING - age) for age in range(10, -6, -1)), begun_at=500)

    summary = import_from_chain()

    assert (summary.accounts, summary.left) == (4, 0)
    assert sorted(rows()) == list(range(RUNNING - 10, RUNNING + 5))


def test_who_has_no_history_is_not_asked_again_in_this_epoch(followed: HistoriesEndpoint) -> None:
    followed.accounts.clear()

    first, second = import_from_chain(), import_from_chain()

    assert (first.without_history, first.rows, second.read_before, second.requests) == (4, 0, 4, 0)


@pytest.mark.parametrize("problem", ["nobody", "behind"])
def test_an_answer_that_cannot_be_had_is_told_and_stores_nothing(
    followed: HistoriesEndpoint, settings: Any, problem: str
) -> None:
    if problem == "nobody":
        settings.SOLANA_RPC_URLS = ["http://127.0.0.1:9"]
    else:
        followed.slots = [followed.slot - 1_000]

    with pytest.raises(ValidatorsError):
        import_from_chain()
    with pytest.raises(CommandError, match=r"the next import goes on there\.$"):
        command("--from", "chain")

    assert not ValidatorEpoch.objects.exists()


def test_before_the_first_fetch_there_is_nobody_to_ask_for(node: HistoriesEndpoint) -> None:
    with pytest.raises(SkipRun, match="nothing fetched yet"):
        import_from_chain()
    with pytest.raises(CommandError, match=r"run `manage.py fetch votes cluster` first"):
        command("--from", "chain")


def test_a_misspelt_chain_is_no_file() -> None:
    with pytest.raises(CommandError, match=r"There is no file chian; did you mean chain\?"):
        command("--from", "chian")


@pytest.mark.parametrize("words", [("--requests", "0"), ("--requests", "x")])
def test_a_budget_is_a_number_of_requests(words: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="--requests"):
        command("--from", "chain", *words)
    with pytest.raises(CommandError, match="are about the chain, not a file"):
        command("--from", "a.csv", "--everybody")


def test_the_pace_leaves_half_of_what_a_public_endpoint_allows() -> None:
    now = [100.0]
    asked: list[float] = []
    pace = Pace(clock=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
    for requests in (1, 1, 18, 1, 18, 30, 1):
        pace.wait_for(requests)
        asked += [now[0]] * requests

    assert pace.requests == len(asked) == 70
    for place, at in enumerate(asked):
        together = [one for one in asked[place:] if one < at + WINDOW_SECONDS]
        assert len(together) <= max(MOST_IN_WINDOW, 30)
    assert now[0] == 130.0
