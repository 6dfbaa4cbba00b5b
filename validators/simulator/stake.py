"""How the stake lies on the seats: heavy-tailed, realistic in its total, moving at epoch boundaries."""

from validators.simulator import draws
from validators.simulator.admission import Papers, papers_of
from validators.simulator.seats import Seat
from validators.simulator.temperaments import Temperament
from validators.simulator.tenants import EPOCHS_OF_DYING, Tenant

LAMPORTS_PER_SOL = 1_000_000_000

# Mainnet's active stake in 2026 is 427 million SOL.
TOTAL_STAKE = 400_000_000 * LAMPORTS_PER_SOL

# Zipf-Mandelbrot. Fitted to mainnet by eye: the largest holds near 4 %, about 20 hold a third.
_EXPONENT = 1.25
_RANK_SHIFT = 8.0

# The oddities would be headlines among the largest, so they start this far down the ranks.
_HIGHEST_PLACE = dict.fromkeys(Temperament, 0.3) | {
    Temperament.STEADY: 0.0,
    Temperament.LAZY: 0.05,
    Temperament.PRIVATE: 0.0,
}
# Who is not let in has little to lose.
_HIGHEST_PLACE_WITHOUT_PAPERS = 0.9
_WITHOUT_STAKE = (Temperament.UNSTAKED, Temperament.RETIRED)

_EPOCHS_OF_WARM_UP = 3
# A dead validator's stakers leave: half of the rest each epoch, and all before it closes.
_EPOCHS_EMPTY_BEFORE_LEAVING = 2


def nominal_stakes(seats: tuple[Seat, ...]) -> tuple[int, ...]:
    """Lamports per seat before the movements of an epoch, adding up to about `TOTAL_STAKE`."""
    ranked = sorted(seats, key=_place)
    weights = {
        seat.index: (rank + _RANK_SHIFT) ** -_EXPONENT * draws.between(0.9, 1.1, seat.key, "weight")
        for rank, seat in enumerate(ranked)
        if seat.temperament not in _WITHOUT_STAKE
    }
    whole = sum(weights.values())
    return tuple(int(TOTAL_STAKE * weights.get(seat.index, 0) / whole) for seat in seats)


def stake_at(nominal: int, seat: Seat, tenant: Tenant, epoch: int, *, season: int) -> int:
    """Active lamports of a tenant in an epoch; `season` is the label of what is drawn for the epoch."""
    if epoch < tenant.born:
        return 0
    stake = int(nominal * draws.between(0.985, 1.015, seat.key, "stake", season))
    if tenant.leaves is None:
        return stake
    if epoch - tenant.born < _EPOCHS_OF_WARM_UP:
        return stake * (epoch - tenant.born + 1) // (_EPOCHS_OF_WARM_UP + 1)
    if tenant.dies is None:
        return stake
    if tenant.leaves - epoch <= _EPOCHS_EMPTY_BEFORE_LEAVING:
        return 0
    return stake >> max(0, epoch - (tenant.leaves - EPOCHS_OF_DYING))


def has_stake(seat: Seat, tenant: Tenant, epoch: int) -> bool:
    """Whether a tenant has active stake in an epoch, however much."""
    if epoch < tenant.born or seat.temperament in _WITHOUT_STAKE:
        return False
    if tenant.leaves is None or tenant.dies is None:
        return True
    return tenant.leaves - epoch > _EPOCHS_EMPTY_BEFORE_LEAVING


def _place(seat: Seat) -> float:
    highest = _HIGHEST_PLACE[seat.temperament]
    if papers_of(seat) != Papers.COMPLETE:
        highest = _HIGHEST_PLACE_WITHOUT_PAPERS
    return draws.between(highest, 1.0, seat.key, "place")
