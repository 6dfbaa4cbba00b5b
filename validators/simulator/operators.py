"""Which seats are one operator's: some by the key that withdraws, some by the key that is paid."""

from validators.simulator import draws
from validators.simulator.seats import Seat

# Of so many seats in a row, some belong to one operator, and some pay to one.
_SEATS_PER_OPERATOR = 50
_WITHDRAWN_BY_OPERATOR = (10, 11, 12)
_COLLECTED_BY_OPERATOR = (30, 31)


def withdrawing_operator(seat: Seat) -> str | None:
    """The operator's key that may take what is in the account."""
    return _operator(seat) if seat.index % _SEATS_PER_OPERATOR in _WITHDRAWN_BY_OPERATOR else None


def paid_operator(seat: Seat) -> str | None:
    """The operator's key that the account's rewards go to."""
    return _operator(seat) if seat.index % _SEATS_PER_OPERATOR in _COLLECTED_BY_OPERATOR else None


def _operator(seat: Seat) -> str:
    return draws.public_key(seat.seed, "operator", seat.index // _SEATS_PER_OPERATOR)
