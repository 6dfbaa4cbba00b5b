"""Who would be let into the set that is chosen now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.solana.admission import LARGEST_SET, Admission, Candidate, Price, Reason, admissions

RENT, TICKET = 27_074_400, 800_000_000
PRICE = Price(RENT, TICKET)
GOOD = Candidate(stake=5, has_bls_key=True, balance=RENT + 3 * TICKET)

candidates = st.builds(
    Candidate,
    stake=st.integers(0, 10),
    has_bls_key=st.none() | st.booleans(),
    balance=st.integers(0, 4 * TICKET),
)
prices = st.builds(Price, st.none() | st.integers(0, 10**8), st.none() | st.integers(1, 10**9))


@pytest.mark.parametrize(
    ("candidate", "price", "admission"),
    [
        (GOOD, PRICE, Admission(True, "", 3)),
        (GOOD._replace(balance=RENT + TICKET), PRICE, Admission(True, "", 1)),
        (GOOD._replace(balance=RENT + TICKET - 1), PRICE, Admission(False, Reason.SHORT_OF_TICKET, 0)),
        (GOOD._replace(balance=RENT - 1), PRICE, Admission(False, Reason.SHORT_OF_TICKET, 0)),
        (GOOD._replace(has_bls_key=False), PRICE, Admission(False, Reason.NO_BLS_KEY, 3)),
        (GOOD._replace(has_bls_key=False), Price(None, None), Admission(False, Reason.NO_BLS_KEY, None)),
        # Not reported is unknown, and never out for that; who is short is out with any key.
        (GOOD._replace(has_bls_key=None), PRICE, Admission(None, Reason.KEY_NOT_REPORTED, 3)),
        (
            GOOD._replace(has_bls_key=None, balance=0),
            PRICE,
            Admission(False, Reason.SHORT_OF_TICKET, 0),
        ),
        (GOOD, Price(None, TICKET), Admission(None, Reason.PRICE_UNKNOWN, None)),
        (GOOD, Price(RENT, None), Admission(None, Reason.PRICE_UNKNOWN, None)),
    ],
)
def test_each_reason(candidate: Candidate, price: Price, admission: Admission) -> None:
    assert admissions([candidate], price) == [admission]


def test_there_is_room_for_the_largest_two_thousand() -> None:
    everybody = [GOOD._replace(stake=stake) for stake in range(1, LARGEST_SET + 3)]

    found = admissions(everybody, PRICE)

    assert [one.reason for one in found[:2]] == [Reason.TOO_SMALL] * 2
    assert all(one.admitted for one in found[2:])
    assert len(admissions(everybody[:LARGEST_SET], PRICE)) == LARGEST_SET
    assert all(one.admitted for one in admissions(everybody[:LARGEST_SET], PRICE))


def test_of_those_who_tie_at_the_end_nobody_is_called_out() -> None:
    everybody = [GOOD._replace(stake=7)] * (LARGEST_SET - 1) + [GOOD._replace(stake=3)] * 5

    assert all(one.admitted for one in admissions(everybody, PRICE))


@given(st.lists(candidates, max_size=8), prices)
def test_only_what_is_known_to_be_lacking_keeps_anybody_out(people: list[Candidate], price: Price) -> None:
    for one, found in zip(people, admissions(people, price), strict=True):
        assert (found.reason == "") == (found.admitted is True)
        if found.admitted is False:
            lacks_key = one.has_bls_key is False
            assert lacks_key or found.epochs_paid == 0
        if found.admitted is True:
            assert one.has_bls_key is True
            assert found.epochs_paid


@given(st.lists(candidates, min_size=1, max_size=8), st.integers(0, TICKET))
def test_more_balance_never_hurts(people: list[Candidate], more: int) -> None:
    order = {False: 0, None: 1, True: 2}
    richer = [one._replace(balance=one.balance + more) for one in people]

    before, after = admissions(people, PRICE), admissions(richer, PRICE)

    assert all(order[a.admitted] >= order[b.admitted] for a, b in zip(after, before, strict=True))
    assert all((a.epochs_paid or 0) >= (b.epochs_paid or 0) for a, b in zip(after, before, strict=True))
