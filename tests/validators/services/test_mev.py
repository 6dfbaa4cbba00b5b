"""Tips and shared priority fees by validator and epoch, as the simulated cluster's accounts tell them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Count
from django.utils import timezone

from scheduling.exceptions import SkipRun
from tests.validators import distributions, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.distributions import RENT, Root
from tests.validators.nodes.chain import Chain
from tests.validators.nodes.trial import START_EPOCH, Trial
from tests.validators.rows import NOON, SOL, fetch, validator
from tests.validators.services.sources import state
from validators import tasks
from validators.models import ClusterEpoch, MevEpoch, Validator, ValidatorEpoch
from validators.services import mev
from validators.services.mev_yields import refresh_mev_yields
from validators.simulator.clock import Moment
from validators.solana.programs.jito import TIPS
from validators.solana.tips import ask_tips

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_tips_grow_through_an_epoch_and_are_final_with_the_root(trial: Trial) -> None:
    _look(trial)
    first = _told(START_EPOCH)
    runs = [key for key, (runs_jito, *_) in first.items() if runs_jito]
    assert runs
    assert all(not tips_final for _, _, tips_final in first.values())

    trial.wait(hours=12)
    _look(trial)
    later = _told(START_EPOCH)
    assert all(later[key][1] > first[key][1] for key in runs)

    # The epoch is over, and its root is not there yet.
    trial.go_to(START_EPOCH + 1, 0.01)
    _look(trial)
    assert not any(tips_final for _, _, tips_final in _told(START_EPOCH).values())
    trial.go_to(START_EPOCH + 1, 0.3)
    _look(trial)
    whole = _told(START_EPOCH)
    assert all(whole[key][1] > later[key][1] and whole[key][2] for key in runs)


def test_nobody_is_said_not_to_run_jito_before_its_first_block(trial: Trial) -> None:
    trial.be_patient()
    trial.fetch()
    trial.fetch("mev")
    without = set(
        MevEpoch.objects.filter(epoch=START_EPOCH, commission_bps=None).values_list("pk", flat=True)
    )
    assert without
    assert not MevEpoch.objects.filter(runs_jito=False).exists()

    trial.fetch("production")
    trial.fetch("mev")

    rows = MevEpoch.objects.filter(pk__in=without)
    made = ValidatorEpoch.objects.filter(epoch=START_EPOCH, blocks_produced__gt=0).exclude(
        blocks_basis="shared"
    )
    blocks = set(made.values_list("validator_id", flat=True))
    assert {row.validator_id: row.runs_jito for row in rows} == {
        row.validator_id: False if row.validator_id in blocks else None for row in rows
    }
    assert rows.filter(runs_jito=False).exists()
    assert not MevEpoch.objects.filter(runs_jito=False, commission_bps__isnull=False).exists()


def test_what_tips_add_is_their_mean_less_router_and_commission_by_the_stake_of_then(trial: Trial) -> None:
    _look(trial)
    for epoch in (1, 2):
        trial.go_to(START_EPOCH + epoch, 0.4)
        _look(trial)

    row = Validator.objects.filter(mev_apy_basis="realised", mev_apy__gt=0).earliest("pk")
    stakes = dict(row.epochs.filter(activated_stake__gt=0).values_list("epoch", "activated_stake"))
    lengths: dict[int, Any] = {one.epoch: one.seconds for one in ClusterEpoch.objects.all()}
    whole = MevEpoch.objects.filter(validator=row, settled=True, tips_final=True, epoch__in=stakes)
    used: Any = [told for told in whole.values_list("epoch", "tips", "commission_bps") if lengths[told[0]]]
    earned = sum(tips * (0.9691 - bps / 10_000) / (stakes[epoch] or 0) for epoch, tips, bps in used)
    in_a_year = 365.25 * 86_400 / sum(lengths[epoch] for epoch, *_ in used)
    assert row.mev_apy_epochs == len(used)
    assert row.mev_apy == pytest.approx(earned * in_a_year, rel=1e-6)
    # Who does not run Jito adds nothing, which is known; of others that is not.
    assert set(Validator.objects.filter(runs_jito=None).values_list("mev_apy", flat=True)) <= {None}


def test_an_epoch_without_a_block_brought_nothing_and_counts() -> None:
    led, never = validator(1), validator(2)
    times = {"started_at": NOON - timedelta(days=1), "ended_at": NOON}
    for epoch in (988, 989):
        ClusterEpoch.objects.create(epoch=epoch, credits_unit="lamports", **times)
        for one in (led, never):
            ValidatorEpoch.objects.create(
                validator=one, epoch=epoch, activated_stake=SOL, credits_unit="lamports", fetched_at=NOON
            )
            given = {"slot": 1, "looked_at": NOON, "settled": True}
            if one == led and epoch == 988:
                given |= {"runs_jito": True, "commission_bps": 700, "tips": 1_000_000, "tips_final": True}
            MevEpoch.objects.create(validator=one, epoch=epoch, **given)

    refresh_mev_yields(990)

    # The router takes 3.09 % and the validator 7.
    yearly = 1_000_000 * 0.8991 / SOL / 2 * 365.25
    told = Validator.objects.order_by("pk").values_list("mev_apy", "mev_apy_epochs", "runs_jito")
    # Of who made no block at all nobody knows what its blocks would bring.
    assert list(told) == [(pytest.approx(yearly), 2, True), (None, None, None)]


def test_an_endpoint_that_lacks_the_accounts_that_were_there_is_passed_over(trial: Trial) -> None:
    _look(trial)
    trial.wait(hours=1)
    before = _told(START_EPOCH)
    trial.bad.damages.append(_without_accounts)

    outcome = trial.fetch("mev")

    assert outcome.endpoint == trial.second.url
    assert "tip accounts are missing that were there" in outcome.words
    assert {key: bps for key, (bps, *_) in _told(START_EPOCH).items()} == {
        key: bps for key, (bps, *_) in before.items()
    }


def test_an_account_closed_before_its_root_keeps_what_was_seen_as_not_final(node: AccountsEndpoint) -> None:
    address = _present(node, epoch=replies.EPOCH, lamports=RENT + 50)
    validator(1, vote_account=node.current[0]["votePubkey"])
    _epoch_runs(node, replies.EPOCH)
    tasks.fetch_mev()
    assert MevEpoch.objects.get(epoch=replies.EPOCH).tips == 50

    del node.accounts[address]
    _epoch_runs(node, replies.EPOCH + 1)
    tasks.fetch_mev()

    row = MevEpoch.objects.get(epoch=replies.EPOCH)
    # Another node may still have it.
    assert (row.tips, row.tips_final, row.settled, row.runs_jito) == (50, False, False, True)
    _epoch_runs(node, replies.EPOCH + 10)
    tasks.fetch_mev()
    row.refresh_from_db()
    assert (row.tips, row.tips_final, row.settled, row.runs_jito) == (50, False, True, True)


def test_who_was_not_looked_for_once_its_epoch_was_over_may_have_had_an_account(
    node: AccountsEndpoint,
) -> None:
    validator(1, vote_account=replies.key(1))
    _epoch_runs(node, replies.EPOCH)
    tasks.fetch_mev()

    _epoch_runs(node, replies.EPOCH + 10)
    tasks.fetch_mev()

    row = MevEpoch.objects.get(epoch=replies.EPOCH)
    assert (row.commission_bps, row.settled) == (None, False)


def test_a_node_that_claims_to_be_in_the_next_epoch_settles_nothing(node: AccountsEndpoint) -> None:
    validator(1, vote_account=replies.key(1))
    _epoch_runs(node, replies.EPOCH)
    node.slots = [(replies.EPOCH + 1) * replies.SLOTS + 5]

    tasks.fetch_mev()

    assert not MevEpoch.objects.get(epoch=replies.EPOCH).settled


def test_accounts_of_epochs_that_the_votes_are_far_behind_are_not_taken_for_missing(
    node: AccountsEndpoint,
) -> None:
    validator(1, vote_account=replies.key(1))
    _epoch_runs(node, replies.EPOCH)
    node.slots = [(replies.EPOCH + 3) * replies.SLOTS]

    with pytest.raises(SkipRun, match=f"epoch {replies.EPOCH + 3} runs, and the votes fetched last"):
        tasks.fetch_mev()

    assert not MevEpoch.objects.exists()


def test_what_another_run_stored_meanwhile_stays(
    node: AccountsEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _present(node, epoch=replies.EPOCH - 1, lamports=RENT + 1_000)
    validator(1, vote_account=node.current[0]["votePubkey"])
    _epoch_runs(node, replies.EPOCH)

    def slowly(*question: Any, **options: Any) -> Any:
        answer = ask_tips(*question, **options)
        monkeypatch.setattr(mev, "ask_tips", ask_tips)
        # Its root is there by now, and says a little less than there was.
        whole = distributions.sent(TIPS, node.current[0]["votePubkey"], replies.EPOCH - 1, root=Root(999))
        node.accounts[address] = whole
        tasks.fetch_mev()
        return answer

    monkeypatch.setattr(mev, "ask_tips", slowly)
    tasks.fetch_mev()

    row = MevEpoch.objects.get(epoch=replies.EPOCH - 1)
    assert (row.tips, row.tips_final, row.settled) == (999, True, True)


def test_a_bad_account_is_left_out_and_named_and_takes_no_other_down(node: AccountsEndpoint) -> None:
    address = _present(node, epoch=replies.EPOCH, root=Root(1_000))
    node.accounts[address]["owner"] = replies.key("another program")
    tasks.fetch_validators()

    result = tasks.fetch_mev()

    assert (result["rejected"], result["tip_accounts"]) == (1, 0)
    [rejected] = state("mev").rejected
    assert rejected["key"] == node.current[0]["votePubkey"]
    assert rejected["reason"].startswith(f"tip distribution account {address}: owned by ")
    assert not MevEpoch.objects.filter(epoch=replies.EPOCH, validator__vote_account=rejected["key"]).exists()


def test_a_run_asks_no_more_than_it_may_and_the_next_one_whom_it_left_out(
    node: AccountsEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mev, "_MOST_PAIRS", 30)
    monkeypatch.setattr(mev, "_MOST_ENDED", 20)
    _epoch_runs(node, replies.EPOCH)
    for number in range(14):
        validator(number, vote_account=replies.key(number), identity=f"node {number}")
    running = MevEpoch.objects.filter(epoch=replies.EPOCH)

    for looked_at in (10, 14):
        assert tasks.fetch_mev()["asked"] == 30
        assert running.count() == looked_at

    # Ended epochs are settled from the newest on.
    settled = MevEpoch.objects.filter(settled=True).values_list("epoch").annotate(Count("pk"))
    assert dict(settled) == {replies.EPOCH - 1: 14, replies.EPOCH - 2: 14, replies.EPOCH - 3: 12}


def test_rows_of_who_left_do_not_stand_for_who_was_never_asked(node: AccountsEndpoint) -> None:
    _epoch_runs(node, replies.EPOCH)
    known, missing, gone = (validator(number, vote_account=replies.key(number)) for number in range(3))
    tasks.fetch_mev()
    MevEpoch.objects.filter(epoch__lt=replies.EPOCH).update(settled=True)
    MevEpoch.objects.filter(validator=missing).delete()
    Validator.objects.filter(pk=gone.pk).update(left_at=NOON)

    tasks.fetch_mev()

    asked = MevEpoch.objects.filter(epoch=replies.EPOCH - 1)
    assert set(asked.values_list("validator_id", flat=True)) == {known.pk, missing.pk, gone.pk}


def _epoch_runs(node: AccountsEndpoint, epoch: int) -> None:
    """As a fetch saw it just now, in its middle, and the node's accounts are as of a slot later."""
    slot, middle = epoch * replies.SLOTS + replies.SLOTS // 2, replies.SLOTS // 2
    fetch(epoch=epoch, absolute_slot=slot, slot_index=middle, stored_at=timezone.now())
    node.slots = [slot + 1]


def _look(trial: Trial) -> None:
    trial.be_patient()
    for source in ("votes", "cluster", "production", "mev"):
        assert not trial.fetch(source).error


def _told(epoch: int) -> dict[int, tuple[Any, ...]]:
    rows = MevEpoch.objects.filter(epoch=epoch)
    told: Any = rows.values_list("validator_id", "runs_jito", "tips", "tips_final")
    return {key: tuple(rest) for key, *rest in told}


def _without_accounts(chain: Chain, method: str, moment: Moment, result: Any) -> Any:
    if method == "getMultipleAccounts":
        return result | {"value": [None for _ in result["value"]]}
    return result


def _present(node: AccountsEndpoint, *, epoch: int, **fields: Any) -> str:
    node.results["getMinimumBalanceForRentExemption"] = RENT
    vote_account = node.current[0]["votePubkey"]
    address = TIPS.address(TIPS.program, vote_account, epoch)
    node.accounts[address] = distributions.sent(TIPS, vote_account, epoch, **fields)
    return address
