"""An epoch in which no vote of an account could count is no part of an APY: a year to come has none."""

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.validators.replies import SOL
from tests.validators.rows import NOON, fetch, validator
from tests.validators.services.epochs import yearly
from tests.validators.services.test_yields import DAY, ended, row, running, yields
from validators.services.yields import refresh_yields

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_an_epoch_in_which_no_vote_could_count_is_not_among_those_that_were_realised() -> None:
    """Once, at the end of its first epoch with stake, it would yield 0 %; and a tenth less for ten epochs."""
    fetch()
    running()
    for epoch in (986, 987, 988, 989):
        ended(epoch, validators=3)
    new, begun, failing = (validator(number, commission_bps=0) for number in (1, 2, 3))
    of_then = {"activated_stake": 1_000 * SOL, "estimated_return": 0.0, "credits": 0}
    row(new, 988, credits=0, activated_stake=0)
    row(begun, 987, credits=0, activated_stake=0)
    row(begun, 988, **of_then)
    row(failing, 987, credits=5, activated_stake=1_000 * SOL, estimated_return=0.0002)
    row(failing, 988, **of_then)
    row(new, 989, **of_then)
    row(begun, 989, credits=5, activated_stake=1_000 * SOL, estimated_return=0.0002)

    refresh_yields()

    assert yields() == {
        "vote1": (None, "", None),
        "vote2": (pytest.approx(yearly(0.0002, DAY), rel=1e-9), "realised", 1),
        "vote3": (pytest.approx(yearly(0.0001, DAY), rel=1e-9), "realised", 2),
    }


def test_that_nobody_earned_anything_yet_in_the_running_epoch_makes_it_no_longer(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """The first look of an epoch: it went through all epochs of everybody."""
    fetch()
    running()
    ended(989)
    one = validator(1)
    row(one, 989, credits=5, activated_stake=1_000 * SOL, estimated_return=0.0002)
    refresh_yields()
    row(one, 990, credits=0, activated_stake=1_000 * SOL)

    with django_assert_num_queries(7):
        refresh_yields()


def test_an_estimate_has_no_epoch_in_which_no_vote_of_it_could_count() -> None:
    """Votes count by the stake of the epoch before, so who is new, or had none, earns nothing at first."""
    fetch()
    running()
    for epoch in (986, 987, 988, 989):
        ended(epoch, validators=3)
    staked = {"activated_stake": 1_000 * SOL, "commission_bps": 0}
    new, back, failing = (validator(number, **staked) for number in (1, 2, 3))
    row(new, 988, credits=0, activated_stake=1_000 * SOL)
    row(back, 987, credits=0, activated_stake=0)
    row(back, 988, credits=0, activated_stake=1_000 * SOL)
    row(failing, 987, credits=4 * 10**8, activated_stake=1_000 * SOL)
    row(failing, 988, credits=0, activated_stake=1_000 * SOL)
    for one in (new, back, failing):
        row(one, 989, credits=4 * 10**8, activated_stake=1_000 * SOL)

    refresh_yields()

    paid = 4 * 10**8 / (1_000 * SOL)
    assert yields() == {
        "vote1": (pytest.approx(yearly(paid, DAY), rel=1e-9), "estimate", 1),
        "vote2": (pytest.approx(yearly(paid, DAY), rel=1e-9), "estimate", 1),
        "vote3": (pytest.approx(yearly(paid * 2 / 3, DAY), rel=1e-9), "estimate", 3),
    }


def test_who_is_new_where_nobody_looked_before_may_have_been_there() -> None:
    fetch()
    running()
    # A file told of accounts of then, and no stake.
    for epoch in (988, 989):
        ended(epoch, validators=3)
    row(validator(2, left_at=NOON), 988, credits=4 * 10**8)
    one = validator(1, activated_stake=1_000 * SOL, commission_bps=0)
    row(one, 989, credits=0, activated_stake=1_000 * SOL)

    refresh_yields()

    assert yields()["vote1"] == (0.0, "estimate", 1)
