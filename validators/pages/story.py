"""One validator's page: what it tells, read in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from validators.models import SourceState, ValidatorEpoch
from validators.reading.admission import Operator, admission_sentences, operator_of
from validators.reading.cluster import sources
from validators.reading.commissions import known_epochs, other_changes
from validators.reading.explanations import Risk, costs, explained, risk_told, verdict
from validators.reading.flags import with_flags
from validators.reading.histories import (
    EPOCHS_SHOWN,
    Events,
    SeenDelinquent,
    ValidatorHistory,
    could_not_vote_said,
    events_of,
    seen_delinquent,
    validator_history,
)
from validators.reading.mev import mev_sentences
from validators.reading.picture import Picture
from validators.reading.rewards import HUNDRED_SOL, Nothing, kept_then, nothing_of
from validators.reading.standings import standings
from validators.reading.terms import name_said, term_sentences
from validators.reading.unheard import OF_A_VALIDATOR, unheard
from validators.reading.verdicts import ToldVerdict, in_a_line, verdicts_of
from validators.reading.where_and_who import WhereAndWho, where_and_who
from validators.reading.who_stakes import WhoStakes, who_stakes
from validators.scoring.facts import Part
from validators.services.settled_past import pasts_of
from validators.solana.economics import yearly_reward


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorStory:
    """Everything a validator's page tells; `validator` carries the annotations of the standings.

    `name_said` is what is striking about its name, `reward` what 100 SOL bring in a year, in lamports,
    `known_epochs` the first and the last epoch of which the commission is known, and how many these are.
    """

    validator: Any
    name_said: str
    verdict: str
    parts: Sequence[Part]
    costs: Sequence[Part]
    risk: Risk | None
    reward: int | None
    nothing: Nothing | None
    kept_then: str
    history: ValidatorHistory
    epochs: Sequence[ValidatorEpoch]
    most_epochs: int
    stood: Sequence[ValidatorEpoch]
    events: Events
    terms: Sequence[str]
    known_epochs: tuple[int, int, int] | None
    other_changes: Sequence[str]
    seen_delinquent: Sequence[SeenDelinquent]
    could_not_vote: str
    operator: Operator | None
    admission: Sequence[str]
    unheard: Mapping[str, str]
    mev: Sequence[str]
    who_stakes: WhoStakes
    where_and_who: WhereAndWho
    verdicts: Sequence[ToldVerdict]
    verdicts_said: str


def validator_story(vote_account: str, picture: Picture) -> ValidatorStory | None:
    """None for a vote account that no fetch ever saw."""
    validator: Any = standings(picture, narrowing=None).filter(vote_account=vote_account).first()
    if validator is None:
        return None
    with_flags([validator])
    run = picture.scoring_run
    history = validator_history(validator, method=run.method if run else None)
    operator = operator_of(validator)
    events, past = events_of(validator.pk), pasts_of([validator.pk])[validator.pk]
    parts = explained(run, validator.components)
    states = {state.source: state for state in sources()}
    verdicts = verdicts_of(validator)
    return ValidatorStory(
        validator=validator,
        name_said=name_said(validator.name_mark),
        verdict=verdict(run, validator.score, validator.components, parts),
        parts=parts,
        costs=costs(parts),
        risk=risk_told(validator.components),
        reward=yearly_reward(HUNDRED_SOL, validator.apy),
        nothing=nothing_of(validator),
        kept_then=kept_then(validator, history.epochs),
        history=history,
        epochs=history.epochs,
        most_epochs=EPOCHS_SHOWN,
        stood=[row for row in history.epochs if row.told_jito is not None],
        events=events,
        terms=term_sentences(validator, operator),
        known_epochs=known_epochs(past),
        other_changes=other_changes(past, events.commission_changes, since=events.changes_since),
        seen_delinquent=seen_delinquent(validator.pk),
        could_not_vote=_could_not_vote(validator, history.epochs),
        operator=operator,
        admission=_admission(validator, operator, picture),
        unheard=unheard(states.values(), OF_A_VALIDATOR, as_of=picture.as_of),
        mev=mev_sentences(validator, running=picture.epoch),
        who_stakes=who_stakes(validator, history.epochs, states),
        where_and_who=where_and_who(validator, states.get(SourceState.Source.NODES)),
        verdicts=verdicts,
        verdicts_said=in_a_line(verdicts),
    )


def _could_not_vote(validator: Any, epochs: Sequence[ValidatorEpoch]) -> str:
    is_delinquent = validator.delinquent and validator.left_at is None
    return could_not_vote_said(epochs[:2]) if is_delinquent else ""


def _admission(validator: Any, operator: Operator | None, picture: Picture) -> Sequence[str]:
    if operator is None:
        return ()
    has_stake = validator.activated_stake > 0
    return admission_sentences(operator.state, running=picture.epoch or 0, has_stake=has_stake)


def chart_of(story: ValidatorStory) -> dict[str, list[Any]]:
    """Performance and commission in percent by epoch, oldest first, for the charts."""
    rows = list(reversed(story.epochs))
    bps = [row.commission_last_bps for row in rows]
    return {
        "epoch": [row.epoch for row in rows],
        "performance": [None if row.vote_performance is None else row.vote_performance * 100 for row in rows],
        "commission": [None if one is None else one / 100 for one in bps],
    }
