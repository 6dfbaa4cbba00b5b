"""What may hurt a delegator without warning, each with its epoch: what was striking about a commission, the
superminority, and who can take the account."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from validators.figures import bps_percent
from validators.models import ClusterEpoch
from validators.reading.admission import Operator
from validators.services.flags import commission_epochs, commission_steps
from validators.services.settled_past import Past, pasts_of
from validators.solana.commission_flags import CommissionFlag, CommissionStep, EpochCommission
from validators.solana.commission_marks import CommissionMark, commission_marks
from validators.solana.look_alikes import NameMark

# How far back it is looked for since when somebody belongs to the superminority: lists ask for that, and most
# who do always did.
EPOCHS_LOOKED_AT: Final = 100


class ToldMark(NamedTuple):
    """A commission flag for a list, and in a sentence's words."""

    short: str
    full: str


class Since(NamedTuple):
    """The first of the epochs that all tell something; `at_least`: so does the one before it."""

    epoch: int
    at_least: bool


_SHORT: Final = {
    CommissionFlag.CROSSED_TEN_PERCENT: "crossed 10 %",
    CommissionFlag.JUMPED: "up 3 points or more",
    CommissionFlag.ABOVE_HALF: "above 50 %",
    CommissionFlag.UP_AND_BACK: "up and back",
}


def marks_of(flagged: Sequence[int], *, until: int | None = None) -> dict[int, list[CommissionMark]]:
    """By key, of those that have a commission flag; `until` an epoch, by what it and those before tell.

    Four queries at most, three once all are summed up, or none where nobody has.
    """
    if not flagged:
        return {}
    steps, pasts = commission_steps(flagged), pasts_of(flagged)
    return {
        key: list(
            _marks(
                tuple(step for step in steps.get(key, ()) if until is None or step.epoch <= until),
                tuple(commission_epochs(pasts.get(key, Past()).until(until))),
            )
        )
        for key in flagged
    }


# Of the same past it is the same in every picture.
@lru_cache(maxsize=4_096)
def _marks(
    steps: tuple[CommissionStep, ...], epochs: tuple[EpochCommission, ...]
) -> tuple[CommissionMark, ...]:
    return tuple(commission_marks(steps=steps, epochs=epochs))


def with_marks(validators: Sequence[Any]) -> Sequence[Any]:
    """The same, each with `marks`: its commission flags in words, with their epochs where rows still tell."""
    marks = marks_of([one.pk for one in validators if one.commission_flags])
    for one in validators:
        dated = {mark.flag.value: _told(mark) for mark in marks.get(one.pk, ())}
        undated = [flag for flag in one.commission_flags if flag not in dated]
        one.marks = [*dated.values(), *(ToldMark(flag, undated_said(flag)) for flag in undated)]
    return validators


def undated_said(flag: str) -> str:
    return f"{flag}, in an epoch that is not known"


def _told(mark: CommissionMark) -> ToldMark:
    return ToldMark(f"{_SHORT[mark.flag]} {_when(mark)}", mark_said(mark))


def mark_said(mark: CommissionMark) -> str:
    """Such as: crossed 10 % upward in epoch 911 or 912: from 5 % to 20 %."""
    highest = bps_percent(mark.to_bps)
    if mark.flag == CommissionFlag.ABOVE_HALF:
        # Epochs that nobody saw may lie between.
        when = f"every known epoch from {mark.since} to" if mark.since < mark.epoch else "epoch"
        return f"above 50 % in {when} {mark.epoch}: {highest}"
    what = f"from {bps_percent(mark.from_bps or 0)} to {highest}"
    if mark.flag == CommissionFlag.CROSSED_TEN_PERCENT:
        return f"crossed 10 % upward {_when(mark)}: {what}"
    is_within = mark.since == mark.epoch
    if mark.flag == CommissionFlag.JUMPED:
        when = f"within epoch {mark.epoch}" if is_within else _when(mark)
        return f"three points or more upward {when}: {what}"
    when = f"and back within epoch {mark.epoch}" if is_within else f"{_when(mark)} and back in {mark.epoch}"
    return f"up {when}: {what} and back"


def _when(mark: CommissionMark) -> str:
    if mark.flag == CommissionFlag.ABOVE_HALF and mark.since < mark.epoch:
        return f"from epoch {mark.since} to {mark.epoch}"
    if mark.since < mark.epoch - 1:
        return f"between epochs {mark.since} and {mark.epoch}"
    # The last look of the one saw the value before, and the first of the other the one after.
    return f"in epoch {mark.since} or {mark.epoch}" if mark.since < mark.epoch else f"in epoch {mark.epoch}"


def term_sentences(validator: Any, operator: Operator | None) -> list[str]:
    """What there is to know of the terms of one with `marks`. A query for who is in the superminority."""
    said = [f"Commission: {mark.full}." for mark in validator.marks]
    if validator.superminority:
        account = validator.vote_account
        said.append(superminority_said(superminority_since([account]).get(account)))
    if operator is not None and operator.withdrawer_is_identity:
        said.append(withdrawer_said(operator.state.epoch))
    return said or [_nothing_said(validator, operator)]


def name_said(mark: str) -> str:
    """What is striking about a name, in a sentence; empty where nothing is."""
    return f"{NameMark(mark).told}." if mark else ""


def superminority_said(since: Since | None) -> str:
    # Before the first known epoch, and between known ones, nobody looked.
    when = "" if since is None else f", in every known epoch since {since.epoch}"
    when += " at least" if since is not None and since.at_least else ""
    return f"One of the fewest that hold more than a third of the stake{when}."


def withdrawer_said(epoch: int) -> str:
    return (
        "Its withdraw authority is its identity: who has the node can take the account. "
        f"So it was read in epoch {epoch}."
    )


def _nothing_said(validator: Any, operator: Operator | None) -> str:
    account = "its withdraw authority is not its identity"
    if operator is None:
        account = f"its account was not read {'before it left' if validator.left_at else 'yet'}"
    nothing = "Nothing striking is known"
    if validator.name_mark:
        nothing = "Beside its name, nothing striking is known: nothing"
    return f"{nothing} of its commission, it does not belong to the superminority, and {account}."


def superminority_since(vote_accounts: Sequence[str], *, until: int | None = None) -> dict[str, Since]:
    """Of each the first of the newest epochs that all have it there; nothing where no epoch tells.

    One query, or none where nobody is asked for.
    """
    if not vote_accounts:
        return {}
    told = ClusterEpoch.objects.exclude(superminority=[]).order_by("-epoch")
    if until is not None:
        told = told.filter(epoch__lte=until)
    since: dict[str, Since] = {}
    still = set(vote_accounts)
    epochs = list(told.values_list("epoch", "superminority")[: EPOCHS_LOOKED_AT + 1])
    for epoch, members in epochs[:EPOCHS_LOOKED_AT]:
        still.intersection_update(members)
        since.update(dict.fromkeys(still, Since(epoch, at_least=False)))
    for _, members in epochs[EPOCHS_LOOKED_AT:]:
        since.update({one: since[one]._replace(at_least=True) for one in still.intersection(members)})
    return since
