"""A cluster invented from a seed, with every kind of past, for what must hold on every validator's page."""

from datetime import timedelta
from random import Random
from typing import Any, Final

from tests.validators.rows import NOON, SOL, fetch, vote_state
from tests.validators.rows import validator as row_of
from validators.models import ClusterEpoch, DelinquencyIncident, SourceState, Validator, ValidatorEpoch
from validators.services.flags import refresh_commission_flags
from validators.services.settled_past import pasts_of
from validators.services.told_changes import refresh_told_changes
from validators.tasks import score_validators

EPOCH: Final = 990
VERSIONS: Final = (
    ("agave", "4.2.1"),
    ("agave", "4.1.0"),
    ("firedancer", "1.1.4"),
    ("unknown", "26.8.0"),
    ("", ""),
)
COMMISSIONS: Final = (0, 500, 700, 1_000, 10_000)


def invented_cluster(count: int, *, seed: int) -> list[Validator]:
    """Validators with up to 40 imported epochs, scored by every method."""
    random = Random(seed)
    fetch(epoch=EPOCH, validators_total=count)
    made = [_validator(number, random) for number in range(count)]
    for epoch in range(EPOCH - 40, EPOCH + 1):
        big = [one.vote_account for one in made if one.superminority]
        ClusterEpoch.objects.create(epoch=epoch, credits_unit="lamports", slot_ms=200, superminority=big)
    ValidatorEpoch.objects.bulk_create([row for one in made for row in _past(one, random)])
    keys = [one.pk for one in made]
    refresh_told_changes(pasts_of(keys))
    refresh_commission_flags(keys)
    score_validators()
    return list(Validator.objects.order_by("pk"))


def _validator(number: int, random: Random) -> Validator:
    client, version = random.choice(VERSIONS)
    delinquent = random.random() < 0.2
    apy = random.choice([None, 0.0525, 0.0007])
    made = row_of(
        number,
        activated_stake=random.choice([0, 1, 5_000 * SOL, 90_000 * SOL + 7, 3_000_000 * SOL]),
        commission_bps=random.choice([None, *COMMISSIONS]),
        client=client,
        version=version,
        delinquent=delinquent,
        superminority=number % 9 == 0,
        apy=apy,
        apy_basis="" if apy is None else random.choice(["realised", "estimate"]),
        apy_epochs=None if apy is None else random.choice([1, 10]),
        leader_slots=random.choice([None, 4, 400]),
        blocks_produced=0,
        production_epoch=EPOCH,
    )
    if delinquent:
        DelinquencyIncident.objects.create(validator=made, started_at=NOON, start_epoch=EPOCH)
    if random.random() < 0.7:
        out = random.random() < 0.2
        told: dict[str, Any] = {"after_next": "out", "reason": "no BLS key"} if out else {}
        vote_state(
            made,
            epochs_paid=random.choice([0, 1, 5]),
            withdrawer=random.choice(["other", made.identity]),
            **told,
        )
    return made


def _past(of: Validator, random: Random) -> list[ValidatorEpoch]:
    """A steady one, one that fails at times or now, with a commission that stays, rises, or visits."""
    length = random.choice([0, 1, 3, 40])
    fails, bps = random.choice([0.0, 0.05, 0.9]), random.choice(COMMISSIONS)
    rows = []
    for epoch in range(EPOCH - length, EPOCH):
        if random.random() < 0.05:
            continue
        first = bps
        bps = random.choice(COMMISSIONS) if random.random() < 0.04 else bps
        visited = random.choice(COMMISSIONS) if random.random() < 0.04 else bps
        performance = (
            random.choice([0.0, 0.5, 0.9690])
            if random.random() < fails
            else random.choice([0.9999, 1.0, 1.01])
        )
        rows.append(
            ValidatorEpoch(
                validator=of, epoch=epoch, credits=1, credits_unit="lamports", source="imported",
                vote_performance=random.choice([performance, performance, performance, None]),
                activated_stake=of.activated_stake, fetches=4,
                delinquent_fetches=4 if performance < 0.6 else 0,
                commission_first_bps=first, commission_last_bps=bps, commission_source="imported",
                commission_min_bps=min(first, bps, visited), commission_max_bps=max(first, bps, visited),
                fetched_at=NOON - timedelta(days=EPOCH - epoch),
            )
        )  # fmt: skip
    return rows


def every_source_is_heard() -> None:
    for source in SourceState.Source:
        SourceState.objects.create(source=source, last_success_at=NOON, last_attempt_at=NOON)
