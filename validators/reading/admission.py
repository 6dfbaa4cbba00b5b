"""Who is let into the next epochs, in words and as documents; whose accounts are one operator's."""

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, F, Q, Value, When

from scheduling.wording import counted
from validators.models import Validator, VoteState
from validators.models.by_bytes import ByBytes
from validators.monitoring.admission import end_of_epoch
from validators.solana.admission import oldest_look

Admission = VoteState.Admission

# What a document of it is made of: of a validator with what `admission_columns` adds.
ADMISSION_COLUMNS: Final = ("admission", "admission_next", "admission_reason", "admission_paid")
_ADMITTED: Final[dict[str | None, bool | None]] = {Admission.OK: True, Admission.OUT: False}
# Of one operator, so many others are named.
MOST_NAMED: Final = 20


def admission_columns(running: int | None) -> dict[str, Any]:
    """Of a validator what its account tells of the epochs ahead of the running one; null is unknown."""
    epoch = running or 0
    is_fresh = Q(vote_state__epoch__gte=oldest_look(epoch + 2))
    # What was said of the epoch after the next before the boundary was decided at it, and is of the next now.
    then = When(vote_state__epoch=oldest_look(epoch + 1), then=F("vote_state__after_next"))
    return {
        "admission": Case(When(is_fresh, then=F("vote_state__after_next")), default=None),
        "admission_next": Case(When(is_fresh, then=F("vote_state__next_epoch")), then, default=None),
        "admission_reason": Case(When(is_fresh, then=F("vote_state__reason")), default=None),
        "admission_paid": Case(When(is_fresh, then=F("vote_state__epochs_paid")), default=None),
        "admission_epoch": Case(When(is_fresh, then=F("vote_state__epoch")), default=Value(epoch)),
    }


def admission_document(
    after_next: str | None, next_epoch: str | None, reason: str | None, epochs_paid: int | None
) -> dict[str, Any]:
    """`status` is about the epoch after the next, which can still be got into; null is unknown."""
    return {
        "status": after_next or Admission.UNKNOWN.value,
        "next_epoch": _ADMITTED.get(next_epoch),
        "after_next": _ADMITTED.get(after_next),
        "reason": reason or None,
        "epochs_paid": epochs_paid,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What the raw account tells of who runs a validator, beside the others that it has in common with it."""

    state: VoteState
    withdrawer_is_identity: bool
    others: list[Validator]


def operator_of(validator: Validator) -> Operator | None:
    """None while its account was never read. Two queries."""
    state = VoteState.objects.filter(validator=validator).first()
    if state is None:
        return None
    same = Q(vote_state__withdrawer=state.withdrawer)
    # By default a vote account collects for itself, and its identity the blocks.
    if state.inflation_collector not in ("", validator.vote_account):
        same |= Q(vote_state__inflation_collector=state.inflation_collector)
    if state.block_collector not in ("", validator.identity):
        same |= Q(vote_state__block_collector=state.block_collector)
    others = (
        Validator.objects.present()
        .filter(same)
        .exclude(pk=validator.pk)
        .order_by("-activated_stake", ByBytes("vote_account"))
    )
    return Operator(
        state=state,
        withdrawer_is_identity=state.withdrawer == validator.identity,
        others=list(others[:MOST_NAMED]),
    )


def not_admitted_said(epoch: int, *, has_stake: bool) -> str:
    if not has_stake:
        return f"It is not let into epoch {epoch}, and has no stake on which anybody would earn there."
    return f"It will not vote in epoch {epoch}, and its stakers earn nothing there."


def to_be_left_out_said(epoch: int, reason: str, *, has_stake: bool) -> str:
    """The beginning of a sentence."""
    if not has_stake:
        return f"It is not let into epoch {epoch}, where without stake it would not vote anyway: {reason}"
    return f"It will not vote in epoch {epoch}: {reason}"


def admission_sentences(state: VoteState, *, running: int, has_stake: bool) -> list[str]:
    """What it means for the next two epochs; nothing where nobody knows."""
    if state.epoch < oldest_look(running + 2):
        return _read_before_said(state, running, has_stake=has_stake)
    first, second = state.epoch + 1, state.epoch + 2
    said = []
    if not has_stake:
        said.append("It has no stake, and without any it votes in no epoch.")
    elif state.next_epoch == Admission.OUT:
        said.append(not_admitted_said(first, has_stake=has_stake))
    if state.after_next == Admission.OUT:
        end = end_of_epoch(state.epoch)
        until = f", about {end:%Y-%m-%d %H:%M} UTC" if end else ""
        out = to_be_left_out_said(second, state.reason, has_stake=has_stake)
        said.append(f"{out}. That can be mended until epoch {first} begins{until}.")
    elif state.after_next == Admission.OK:
        is_let_in = "is let into" if has_stake else "would with some be let into"
        said.append(f"As its account stands, it {is_let_in} epoch {second}.")
    elif state.reason:
        would_be = "it is let" if has_stake else "with some it would be let"
        said.append(f"Whether {would_be} into epoch {second} is not known: {state.reason}.")
    if state.epochs_paid is not None:
        paid = (
            f"{counted(state.epochs_paid, 'epoch')} from {second} on"
            if state.epochs_paid
            else "no more epochs"
        )
        said.append(f"Its balance pays the admission to {paid}.")
    return said


def _read_before_said(state: VoteState, running: int, *, has_stake: bool) -> list[str]:
    """Of an account that nobody read in the running epoch."""
    read = f"Its account was last read in epoch {state.epoch}"
    if state.epoch < oldest_look(running + 1) or state.after_next == Admission.UNKNOWN:
        return [f"{read}, so whether it is let into the next epochs is not known."]
    if state.after_next == Admission.OUT:
        out = to_be_left_out_said(running + 1, state.reason, has_stake=has_stake)
        return [f"{read}.", f"{out}."]
    is_let_in = "is let into" if has_stake else "would with some be let into"
    return [f"{read}.", f"As it stood then, it {is_let_in} epoch {running + 1}."]
