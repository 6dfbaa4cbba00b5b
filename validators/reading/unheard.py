"""Which of our sources are not heard, and since when: what is missing or old then is a fault of ours."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from validators.models import SourceState

Source = SourceState.Source

_TOLD_BY: Final[Mapping[str, str]] = {
    Source.NODES: "versions and clients",
    Source.PRODUCTION: "leader slots and blocks",
    Source.MEV: "tips and shared priority fees",
    Source.POOLS: "stake pools",
    Source.VOTE_STATES: "admission, balance and authorities",
    Source.NAMES: "names and websites",
    Source.CLUSTER: "slot time and Alpenglow",
    Source.INFLATION: "inflation",
}
# Before the newest fetch. None is asked less often by itself: names each day, inflation in each
# epoch of two days. Where somebody made it rarer, what it told is dated all the same.
LONGEST_UNHEARD: Final = timedelta(days=3)
# What the pages show of it.
OF_A_VALIDATOR: Final = (
    *(Source.NODES, Source.PRODUCTION, Source.MEV, Source.POOLS, Source.VOTE_STATES, Source.NAMES),
)
OF_A_LIST: Final = (Source.NODES, Source.PRODUCTION, Source.MEV, Source.NAMES)
OF_THE_CLUSTER: Final = (Source.NODES, Source.POOLS, Source.NAMES, Source.CLUSTER, Source.INFLATION)


def unheard(states: Iterable[SourceState], shown: Iterable[str], *, as_of: datetime | None) -> dict[str, str]:
    """Of those that are `shown`, by source, in a sentence: whatever it tells is missing, or old.

    As the last attempt failed, or as nobody asked it for days before `as_of`, the time of the newest fetch.
    """
    by_source = {state.source: state for state in states}
    said = {}
    for source in shown:
        state = by_source.get(source)
        why = ": no endpoint offers it" if state is not None and state.is_not_offered else ""
        if state is None or state.last_success_at is None:
            since = "yet"
        elif state.last_error or (as_of and as_of - state.last_success_at > LONGEST_UNHEARD):
            since = f"since {state.last_success_at:%Y-%m-%d %H:%M} UTC"
        else:
            continue
        said[source.replace("-", "_")] = f"We have not heard the source of {_TOLD_BY[source]} {since}{why}."
    return said


def silent(states: Iterable[SourceState], shown: Iterable[str], *, as_of: datetime | None) -> list[str]:
    """The sentences of those that were heard before, so that what is shown of theirs is old.

    One that never was leaves dashes, which say so themselves.
    """
    known = list(states)
    heard = {state.source for state in known if state.last_success_at is not None}
    return list(unheard(known, [source for source in shown if source in heard], as_of=as_of).values())
