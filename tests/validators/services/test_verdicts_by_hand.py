"""Twenty validators of the simulated cluster, judged by hand: each rule's own words, as loops over rows.

Nothing here is shared with `validators.rules`; windows are written out as the rules' texts have them.
"""

from collections.abc import Callable
from random import Random
from typing import Any, Final

import pytest

from tests.validators.nodes.trial import START_EPOCH as NOW
from tests.validators.nodes.trial import Trial
from tests.validators.rows import NOON, SOL
from validators import tasks
from validators.models import ClusterEpoch, MevEpoch, RuleVerdict, Validator, ValidatorEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]

BLOCKS: Final = 400_000
# Rules that no look can decide, in each set.
ELSEWHERE: Final = {"jitosol-steward": 3, "marinade-sam": 2, "sfdp": 6, "jpool": 3, "jagpool": 5}
FAILS, UNKNOWN, PASSES = "fails", "unknown", "passes"


def test_verdicts_on_twenty_validators_are_those_of_the_rules_own_text(trial: Trial) -> None:
    trial.be_patient()
    for source in ("votes", "nodes", "mev"):
        assert not trial.fetch(source).error
    twenty = list(Validator.objects.order_by("pk")[:20])
    assert len(twenty) == 20
    _give_pasts(twenty)

    tasks.judge_by_rules()

    seen: set[tuple[str, str, str]] = set()
    rows = {(row.validator_id, row.rules): row for row in RuleVerdict.objects.all()}
    judged = Validator.objects.filter(pk__in=[one.pk for one in twenty])
    for validator in judged.prefetch_related("epochs", "mev"):
        for name, by_hand in SETS.items():
            expected = by_hand(validator)
            row = rows[validator.pk, name]
            told = {one["rule"]: one["outcome"] for one in row.findings if not one.get("elsewhere")}
            assert told == {rule: said for rule, said in expected.items() if said != PASSES}, (
                name,
                validator.pk,
            )
            worst = FAILS if FAILS in expected.values() else UNKNOWN
            assert row.result == worst
            measured = worst if UNKNOWN in expected.values() or worst == FAILS else PASSES
            assert row.measured == measured
            assert sum(one.get("elsewhere", False) for one in row.findings) == ELSEWHERE[name]
            seen |= {(name, rule, said) for rule, said in expected.items()}
    # Every measured rule was met by some and failed by others, wherever the twenty may be so at all.
    for rule in ("commission", "mev-commission", "superminority", "stake", "voting-epochs"):
        assert ("jitosol-steward", rule, FAILS) in seen, rule
        assert ("jitosol-steward", rule, PASSES) in seen, rule
    assert {said for name, rule, said in seen if (name, rule) == ("marinade-sam", "uptime")} == {
        FAILS,
        PASSES,
    }
    assert {said for name, rule, said in seen if (name, rule) == ("jagpool", "active-epochs")} >= {FAILS}


def _give_pasts(twenty: list[Validator]) -> None:
    """Forty epochs by chance: fees that change, bad epochs, tips or none, and some who joined late."""
    chance = Random(18)
    for model in (ClusterEpoch, ValidatorEpoch, MevEpoch):
        model._default_manager.filter(epoch__lt=NOW).delete()
    ClusterEpoch.objects.bulk_create(
        ClusterEpoch(epoch=epoch, credits_unit="vote_credits", blocks_produced=BLOCKS, leader_slots=BLOCKS,
                     blocks_basis="final")
        for epoch in range(NOW - 40, NOW)
    )  # fmt: skip
    others = Validator.objects.exclude(pk__in=[one.pk for one in twenty])
    epochs, tips = [], []
    for number, validator in enumerate([*twenty, *others]):
        usual = chance.choice([0, 300, 500, 500, 700, 900, 1_100]) if number < 20 else 500
        first = NOW - 10 if number in (3, 11) else NOW - 40
        for epoch in range(first, NOW):
            bps = chance.choice([usual] * 400 + [600, 1_200, 10_000])
            good = chance.random() < (0.97 if number % 4 == 0 else 0.999)
            performance = chance.uniform(0.975, 1.01) if good else chance.uniform(0.2, 0.95)
            epochs.append(
                ValidatorEpoch(
                    validator=validator, epoch=epoch, commission_last_bps=bps, commission_max_bps=bps,
                    vote_performance=performance, credits=0 if number == 5 and epoch == NOW - 2 else
                    int(16 * BLOCKS * performance * 0.98), credits_unit="vote_credits", fetches=4,
                    activated_stake=validator.activated_stake, fetched_at=NOON,
                )
            )  # fmt: skip
            runs = number % 7 != 6
            mev = chance.choice([800] * 300 + [1_000, 1_500]) if runs else None
            tips.append(MevEpoch(validator=validator, epoch=epoch, runs_jito=runs, commission_bps=mev, slot=1,
                                 looked_at=NOON))  # fmt: skip
    ValidatorEpoch.objects.bulk_create(epochs)
    MevEpoch.objects.bulk_create(tips)
    sizes = (4_000 * SOL, 760_000 * SOL, 1_000_000 * SOL, 1_000_001 * SOL)
    for validator, stake in zip(twenty[12:], sizes, strict=False):
        Validator.objects.filter(pk=validator.pk).update(activated_stake=stake)
    Validator.objects.filter(pk=twenty[0].pk).update(superminority=True)


def _row(validator: Validator, epoch: int) -> ValidatorEpoch | None:
    return next((row for row in validator.epochs.all() if row.epoch == epoch), None)


def _mev(validator: Validator, epoch: int) -> MevEpoch | None:
    return next((row for row in validator.mev.all() if row.epoch == epoch), None)


def _percent_now(validator: Validator, most: float, surely_above: float | None) -> str:
    assert validator.commission_bps is not None
    percent = validator.commission_bps / 100
    if percent <= most:
        return PASSES
    return FAILS if surely_above is not None and percent > surely_above else UNKNOWN


def _mev_now(validator: Validator, *, without: str) -> str:
    """By the newest of the running epoch and the two before it of which anything was told."""
    for epoch in (NOW, NOW - 1, NOW - 2):
        told = _mev(validator, epoch)
        if told is not None and told.runs_jito is False:
            return without
        if told is not None and told.commission_bps is not None:
            return PASSES if told.commission_bps <= 1_000 else FAILS
    return UNKNOWN


def _steward(validator: Validator) -> dict[str, str]:
    past = [row for epoch in range(NOW - 30, NOW) if (row := _row(validator, epoch))]
    fees = [row.commission_last_bps or 0 for row in past] + [validator.commission_bps or 0]
    told = [mev for epoch in range(NOW - 30, NOW + 1) if (mev := _mev(validator, epoch))]
    tips = [mev.commission_bps for mev in told if mev.commission_bps is not None]
    credits = [(row.credits or 0) if (row := _row(validator, epoch)) else 0 for epoch in range(NOW - 30, NOW)]
    fee = FAILS if any(one > 1_000 for one in fees) else UNKNOWN if any(one > 500 for one in fees) else PASSES
    votes = FAILS if any(one / (16 * BLOCKS) < 0.85 for one in credits) else UNKNOWN
    ever = any((row.commission_last_bps or 0) > 5_000 for row in validator.epochs.all())
    joined_here = _row(validator, NOW - 40) is None
    return {
        "commission": fee,
        "mev-commission": PASSES if tips and max(tips) <= 1_000 else FAILS,
        # Our history begins long after epoch 520, so that only who joined later is known in all of his.
        "historical-commission": FAILS if ever else PASSES if joined_here else UNKNOWN,
        "vote-credits": votes,
        "superminority": FAILS if validator.superminority else PASSES,
        "stake": PASSES if validator.activated_stake >= 5_000 * SOL else FAILS,
        "voting-epochs": PASSES if all(one > 0 for one in credits[-5:]) else FAILS,
    }


def _marinade(validator: Validator) -> dict[str, str]:
    rows = [row for epoch in (NOW - 3, NOW - 2, NOW - 1) if (row := _row(validator, epoch))]
    votes = [row.vote_performance or 0.0 for row in rows]
    return {
        "uptime": PASSES if len(votes) == 3 and min(votes) >= 0.8 else FAILS,
        "commission": _percent_now(validator, 7, None),
        "version": _version(validator, {"agave": (1, 18, 15), "frankendancer": (0, 101, 20013)}),
    }


def _sfdp(validator: Validator) -> dict[str, str]:
    last = _row(validator, NOW - 1)
    assert last is not None
    assert last.vote_performance is not None
    return {
        "vote-credits": PASSES if last.vote_performance >= 0.97 else FAILS,
        "commission": _percent_now(validator, 5, 7),
        "mev-commission": _mev_now(validator, without=UNKNOWN),
        "stake": PASSES if validator.activated_stake <= 1_000_000 * SOL else FAILS,
        "version": _version(validator, {"agave": (1, 18, 21)}),
    }


def _jpool(validator: Validator) -> dict[str, str]:
    return {
        "superminority": FAILS if validator.superminority else PASSES,
        "stake": PASSES if validator.activated_stake < 750_000 * SOL else FAILS,
        "commission": _percent_now(validator, 10, 10),
        "mev-commission": _mev_now(validator, without=UNKNOWN),
        "name": PASSES if validator.name else UNKNOWN,
        "avatar": PASSES if validator.icon_url else UNKNOWN,
    }


def _jagpool(validator: Validator) -> dict[str, str]:
    voted = sum((row.credits or 0) > 0 for row in validator.epochs.all())
    return {
        "active-epochs": PASSES if voted >= 20 else FAILS,
        "stake": PASSES if validator.activated_stake <= 1_000_000 * SOL else FAILS,
        "commission": _percent_now(validator, 5, 5),
        "mev-commission": _mev_now(validator, without=FAILS),
    }


def _version(validator: Validator, least: dict[str, tuple[int, int, int]]) -> str:
    """Fails below the bound of its numbering; above, the pages leave it open."""
    numbers = validator.version.split("-")[0].split(".")
    families = {"frankendancer": "frankendancer", "harmonic frankendancer": "frankendancer"}
    others = {"firedancer", "harmonic firedancer", "sig", "unknown", ""}
    family = None if validator.client in others else families.get(validator.client, "agave")
    if family not in least or len(numbers) != 3:
        return UNKNOWN
    return FAILS if tuple(map(int, numbers)) < least[family] else UNKNOWN


SETS: Final[dict[str, Callable[[Any], dict[str, str]]]] = {
    "jitosol-steward": _steward,
    "marinade-sam": _marinade,
    "sfdp": _sfdp,
    "jpool": _jpool,
    "jagpool": _jagpool,
}
