"""What a soak left in the tables, against the simulated chain's own truth."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.faults.soaking import START_EPOCH, Soak
from tests.validators.nodes.truth import claims_final, false_claims
from tests.validators.nodes.witness import Witness
from validators.models import Fetch, Validator, ValidatorEpoch
from validators.simulator.temperaments import Temperament

LEAST_CLAIMED = 0.98
# Of the votes' fetches, attempts not counted, that end in a stored look in spite of the nodes.
LEAST_LOOKS = 0.5
TEN_PERCENT, HALF = 1_000, 5_000
UP_AND_BACK = "up and back within one epoch"
# Whether commissions, one after the other, show what a flag says.
SHOWN: dict[str, Callable[[list[int]], bool]] = {
    "crossed 10 % upward": lambda path: any(a <= TEN_PERCENT < b for a, b in pairwise(path)),
    "above 50 %": lambda path: any(bps > HALF for bps in path),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """How much of the history is claimed for good, and everything that is not the chain's truth."""

    claimable: int
    claimed: int
    looks: int
    complaints: list[str]

    @property
    def share(self) -> float:
        return self.claimed / self.claimable if self.claimable else 0.0


def judged(soak: Soak) -> Judgement:
    newest = Fetch.objects.newest()
    assert newest is not None
    wanted = set(_claimable(soak, newest.epoch))
    rows = ValidatorEpoch.objects.filter(epoch__range=(START_EPOCH, newest.epoch - 1))
    claimed = {
        (row.epoch, row.validator.vote_account)
        for row in rows.select_related("validator")
        if claims_final(row, running=newest.epoch)
    }
    witness = soak.witness
    complaints = [*witness.complaints, *witness.wrong_events(), *_wrong_flags(soak)]
    complaints += false_claims(soak.chain, running=newest.epoch, oldest=START_EPOCH)
    judgement = Judgement(len(wanted), len(wanted & claimed), len(witness.looks), complaints)
    if judgement.share < LEAST_CLAIMED:
        complaints.append(f"{judgement.share:.1%} of the history is claimed, less than {LEAST_CLAIMED:.0%}")
    stored, failed = soak.outcomes["votes stored"], soak.outcomes["votes failed"]
    if stored < LEAST_LOOKS * (stored + failed / 4):
        complaints.append(f"only {stored} looks stored, and {failed} attempts failed")
    return judgement


def _claimable(soak: Soak, running: int) -> Iterator[tuple[int, str]]:
    """Every ended epoch of an account that a look of a later one showed: then the chain told all of it."""
    last_seen: dict[str, int] = {}
    for look in soak.witness.looks:
        last_seen |= dict.fromkeys(look.picture, look.moment.epoch)
    for epoch in range(soak.witness.looks[0].moment.epoch, running):
        for outlook in soak.chain.cluster.outlooks(epoch):
            tenant = outlook.tenant
            if tenant.born <= epoch < last_seen.get(tenant.vote_account, 0):
                yield epoch, tenant.vote_account


def _wrong_flags(soak: Soak) -> Iterator[str]:
    """A flag says what looks showed; it must be there once two looks in a row agreed on what it says."""
    seen_paths, agreed_paths = _paths(soak.witness)
    blippers = {
        soak.chain.cluster.field.tenant(seat, START_EPOCH).vote_account
        for seat in soak.chain.cluster.seats
        if seat.temperament == Temperament.BLIPPER
    }
    for vote_account, flags in Validator.objects.values_list("vote_account", "commission_flags"):
        seen, agreed = seen_paths.get(vote_account, []), agreed_paths.get(vote_account, [])
        for flag, shows in SHOWN.items():
            if flag in flags and not shows(seen):
                yield f"{vote_account[:8]}: {flag!r} is stored, and looks showed {seen[:9]}"
            if flag not in flags and shows(agreed):
                yield f"{vote_account[:8]}: {flag!r} is not stored, and two looks each showed {agreed[:9]}"
        if UP_AND_BACK in flags and vote_account not in blippers:
            yield f"{vote_account[:8]}: {UP_AND_BACK!r} is stored, and it never did"


def _paths(witness: Witness) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """By vote account the commissions one after the other: all that looks showed, and those shown twice."""
    seen: dict[str, list[int]] = {}
    agreed: dict[str, list[int]] = {}
    for look in witness.looks:
        for vote_account, state in look.picture.items():
            if state.commission_bps is None:
                continue
            path = seen.setdefault(vote_account, [])
            if path[-1:] == [state.commission_bps]:
                agreed.setdefault(vote_account, []).append(state.commission_bps)
            path.append(state.commission_bps)
    return seen, agreed


def report(soak: Soak, judgement: Judgement, seconds: float) -> str:
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(soak.outcomes.items()))
    lengths = ", ".join(f"{length:.1f}" for length in soak.outages)
    return (
        f"Seed {soak.seed}: {soak.epochs} epochs of {soak.validators} validators in {seconds:.0f} s.\n"
        f"  Fetches: {outcomes}.\n"
        f"  Outages of our own, in epochs: {lengths}.\n"
        f"  Claimed for good: {judgement.claimed} of {judgement.claimable} ({judgement.share:.2%}).\n"
        f"  Not the chain's truth: {len(judgement.complaints)}"
    )
