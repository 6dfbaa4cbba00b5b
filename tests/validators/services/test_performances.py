"""How well everybody voted in an epoch, worked out from its rows and stored with them."""

from typing import Any

import pytest

from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, account, epoch_credits, key
from tests.validators.rows import NOON, SOL, validator
from validators import tasks
from validators.models import ClusterEpoch, Validator, ValidatorEpoch
from validators.services.performances import refresh_performances

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ENDED = 989


def cluster(**fields: Any) -> None:
    known = {"credits_unit": "lamports", "blocks_produced": 40, "blocks_basis": "final"}
    ClusterEpoch.objects.create(epoch=ENDED, **(known | fields))


def row(number: int, credits: int | None, blocks: int | None, **fields: Any) -> Validator:
    """An account with the stake of its number in SOL, in the epoch before too."""
    of = validator(number)
    stake = fields.pop("stake", number * SOL)
    before = fields.pop("before", number * SOL)
    given = {
        "credits": credits,
        "credits_unit": "lamports",
        "activated_stake": stake,
        "identity": of.identity,
        "blocks_produced": blocks,
        "blocks_basis": "final",
        "fetched_at": NOON,
    }
    ValidatorEpoch.objects.create(validator=of, epoch=ENDED, **(given | fields))
    ValidatorEpoch.objects.create(
        validator=of, epoch=ENDED - 1, credits_unit="lamports", activated_stake=before, fetched_at=NOON
    )
    return of


def judged() -> list[tuple[Any, ...]]:
    refresh_performances([ENDED])
    rows = ValidatorEpoch.objects.filter(epoch=ENDED).order_by("validator_id")
    return list(rows.values_list("vote_performance", "leader_luck"))


def perfect(**third: Any) -> None:
    """1, 3 and 4 SOL that voted in every slot, 40 blocks of 100 lamports each, and luck."""
    row(1, 500 + 1_000, 10)
    row(3, 1_500 + 500, 5)
    row(4, 2_000 + 2_500, 25, **third)


def test_luck_is_taken_off_and_stored_beside_the_performance() -> None:
    cluster()
    perfect()

    assert judged() == [(pytest.approx(1), 2.0), (pytest.approx(1), 5 / 15), (pytest.approx(1), 1.25)]
    assert not refresh_performances([ENDED])


def test_the_schedules_blocks_judge_too_and_those_of_a_part_do_not() -> None:
    cluster(blocks_basis="schedule")
    perfect()
    ValidatorEpoch.objects.filter(epoch=ENDED).update(blocks_basis="schedule")
    assert judged()[0] == (pytest.approx(1), 2.0)

    for basis in ("partial", ""):
        ClusterEpoch.objects.update(blocks_basis=basis)
        assert judged() == [(None, None)] * 3


@pytest.mark.parametrize(
    "third",
    [
        {"blocks_basis": "shared"},
        {"blocks_basis": "partial"},
        {"blocks_basis": "", "blocks_produced": None},
        {"before": None},
        {"before": 0},
    ],
)
def test_whose_blocks_or_stake_of_the_epoch_before_are_unknown_is_not_judged(third: dict[str, Any]) -> None:
    cluster()
    perfect(**third)

    assert judged()[2] == (None, None)


def test_two_accounts_with_stake_of_one_identity_are_not_judged() -> None:
    cluster()
    perfect()
    row(2, 10, 10, identity="node1")

    found = judged()

    assert (found[0], found[3]) == ((None, None), (None, None))
    assert [performance for performance, _ in found[1:3]] == [pytest.approx(1, abs=0.01)] * 2


def test_one_without_stake_does_not_take_anybodys_blocks() -> None:
    cluster()
    perfect()
    row(5, 10, 25, identity="node4", before=0, stake=0)

    assert [performance for performance, _ in judged()] == [*[pytest.approx(1, abs=0.01)] * 3, None]


def test_the_migration_epoch_is_not_judged_by_votes_or_by_lamports() -> None:
    cluster()
    perfect(credits_before_split=3_000_000)

    assert judged() == [(None, 2.0), (None, 5 / 15), (None, 1.25)]


def test_votes_and_lamports_are_never_compared() -> None:
    cluster()
    perfect(credits_unit="vote_credits")

    assert judged()[2][0] is None


def test_votes_need_no_blocks_and_an_account_without_stake_is_not_judged(endpoint: CannedEndpoint) -> None:
    endpoint.current = [
        account(1, activatedStake=300 * SOL, epochCredits=epoch_credits(100, 50)),
        account(2, activatedStake=100 * SOL, epochCredits=epoch_credits(60, 30)),
        account(3, activatedStake=0, epochCredits=epoch_credits(66, 33)),
    ]

    tasks.fetch_validators()

    # (300 x 100 + 100 x 60) / 400 = 90; of the running epoch half of all.
    for epoch, mean in ((EPOCH - 1, 90), (EPOCH, 45)):
        rows = ValidatorEpoch.objects.filter(epoch=epoch).values_list(
            "validator__vote_account", "vote_performance"
        )
        assert dict(rows) == {
            key("vote 1"): pytest.approx(100 / 90),
            key("vote 2"): pytest.approx(60 / 90),
            key("vote 3"): None,
        }, mean


def test_an_epoch_that_the_cluster_has_no_row_of_is_passed_over() -> None:
    row(1, 5, 5)

    assert refresh_performances([ENDED, 5]) is False


def test_a_fetch_leaves_nothing_to_be_worked_out_again_of_the_running_epoch(endpoint: CannedEndpoint) -> None:
    def looked(**third: Any) -> set[float | None]:
        endpoint.current = [account(n, epochCredits=epoch_credits(60, 30 + n)) for n in range(24)]
        endpoint.current[2] |= third
        tasks.fetch_validators()
        assert refresh_performances([EPOCH]) is False
        return set(ValidatorEpoch.objects.filter(epoch=EPOCH).values_list("vote_performance", flat=True))

    first = looked()
    # It moves the mean by its credits, and of who cannot be read the last known ones count.
    moved = looked(epochCredits=epoch_credits(60, 50))
    assert looked(activatedStake=-1) == moved != first
    ValidatorEpoch.objects.filter(epoch=EPOCH, validator__vote_account=key("vote 2")).update(credits=32)
    assert looked(activatedStake=-1) == first
