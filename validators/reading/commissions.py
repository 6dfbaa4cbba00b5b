"""What all that is stored tells of a validator's commission beside its changes: of which epochs it is known,
what it did within one, and over those that nobody saw."""

from collections.abc import Iterable, Sequence
from itertools import pairwise, takewhile

from validators.figures import bps_percent
from validators.models import CommissionChange, CommissionSource
from validators.services.settled_past import Past, Stretch
from validators.solana.whole_percent import stayed


def known_epochs(past: Past) -> tuple[int, int, int] | None:
    """The first and the last epoch of which the commission is known, and how many these are."""
    known = _known(past)
    return (known[0].first, known[-1].last, Past(known).epochs_known) if known else None


def other_changes(past: Past, told: Sequence[CommissionChange], *, since: int | None) -> list[str]:
    """What it did within an epoch, and over epochs that nobody saw, where no change is told of.

    `told` are all changes `since` an epoch, or all that there are: of what was before, nothing is said.
    """
    known = [one for one in _known(past) if since is None or one.first > since]
    changed = {change.epoch for change in told}
    within = [
        _within(epoch, one)
        for one in known
        if one.moved
        for epoch in range(one.first, one.last + 1)
        if epoch not in changed
    ]
    between = [
        _between(before, after)
        for before, after in pairwise(known)
        if after.first > before.last + 1 and changed.isdisjoint(range(before.last + 1, after.first + 1))
    ]
    return [*filter(None, between), *within]


def without_there_and_back(oldest_first: Iterable[CommissionChange]) -> list[CommissionChange]:
    """Of the changes of one validator those that are some: there and back that no second look saw is none."""
    found: list[CommissionChange] = []
    for change in oldest_first:
        odd = list(takewhile(lambda one: not one.is_confirmed, reversed(found)))
        if odd and odd[-1].from_bps == change.to_bps:
            del found[-len(odd) :]
        else:
            found.append(change)
    return found


def _known(past: Past) -> list[Stretch]:
    return [one for one in past.stretches if one.last_bps is not None]


def _within(epoch: int, one: Stretch) -> str:
    seen = (one.first_bps, one.last_bps, one.max_bps, one.min_bps)
    known = [bps for bps in seen if bps is not None]
    between = f"{bps_percent(min(known))} and {bps_percent(max(known))}"
    return f"Within epoch {epoch} it was between {between}, and {bps_percent(one.last_bps or 0)} at its end."


def _between(before: Stretch, after: Stretch) -> str:
    first, last = before.last_bps, after.first_bps
    if first is None or last is None:
        return ""
    whole = [one.source == CommissionSource.IMPORTED for one in (before, after)]
    if stayed(first, last, before_is_whole=whole[0], after_is_whole=whole[1]):
        return ""
    return (
        f"Between epochs {before.last} and {after.first}, which nobody saw, it went "
        f"from {bps_percent(first)} to {bps_percent(last)}."
    )
