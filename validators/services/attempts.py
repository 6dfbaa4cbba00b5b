"""One attempt on a source: ask, store with the end of the run, and remember what became of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.conf import settings
from django.utils import timezone

from scheduling.engine.execution import commit_with_run
from scheduling.exceptions import SkipRun
from validators.exceptions import EndpointError, ForbiddenError, ValidatorsError
from validators.models import Fetch, RequestTally, SourceState
from validators.services.endpoints import (
    endpoints,
    followed_chain,
    in_order,
    record_failures,
    record_plausible,
)
from validators.services.memory import collector_paused
from validators.services.requests import recorded_requests
from validators.services.sources import ASK_AGAIN_AFTER, Source, record_failure, record_unavailable
from validators.solana.asking import Chain, Heard, failures_of, first_answer, implausible, is_refusal
from validators.solana.endpoint_names import masked, tallied_as
from validators.solana.plausibility import doubt_about_slot
from validators.solana.request_counts import Outcome
from validators.solana.rpc import Endpoint

Answer = TypeVar("Answer")
Judgement = TypeVar("Judgement")

# The sources whose answers say as of which slot they are, beside the votes.
TELL_SLOT: Final = frozenset(
    {
        *(Source.PRODUCTION, Source.CLUSTER, Source.VOTE_STATES, Source.MEV),
        *(Source.POOLS, Source.POOL_SEARCH, Source.STAKES),
    }
)
# By which a node that follows the chain may be behind another one: half a minute.
SLOTS_BETWEEN_NODES: Final = 150
# An outage of ours of three years; what is later than that is no epoch of this chain.
MOST_EPOCHS_MISSED: Final = 1_000


def newest_fetch() -> Fetch:
    """Which epoch runs, and who is there. Raises SkipRun before the first fetch."""
    newest = Fetch.objects.newest()
    if newest is None:
        raise SkipRun("nothing fetched yet")
    return newest


@collector_paused()
def attempt(
    source: Source,
    *,
    newest: Fetch,
    ask: Callable[[Endpoint], Answer],
    judge: Callable[[str, Answer], Judgement],
    store: Callable[[Answer, Judgement], dict[str, Any]],
) -> dict[str, Any]:
    """Ask the endpoints, and store the answer in a transaction that also ends the run.

    `judge` is given an endpoint's name and answer, and raises an ImplausibleError when it cannot be
    true; the next endpoint is asked then. What it works out while nobody waits for the database, and
    returns, `store` is given with the answer. Raises a ValidatorsError, and then nothing is stored but
    the error. Raises SkipRun while no endpoint offers the method: that is asked about more rarely.
    """
    asked = ", ".join(map(masked, endpoints()))[:500]
    _skip_while_unavailable(source, asked)
    # The last is of the answer that is believed.
    judged: list[Judgement] = []
    try:
        heard = heard_in_order(
            newest,
            ask=ask,
            judge=lambda endpoint, answer: judged.append(judge(endpoint, answer)),
            tells_slot=source in TELL_SLOT,
        )
        return commit_with_run(lambda: store(heard.answer, judged[-1]) | passed_over(heard.failures))
    except ValidatorsError as exc:
        failures = failures_of(exc)
        if not failures or not all(map(_is_never_offered, failures)):
            record_failure(source, error=str(exc), at=timezone.now())
            raise
        again = record_unavailable(source, endpoint=asked, error=str(exc), at=timezone.now())
        raise SkipRun(_until(again, str(exc))) from exc


def heard_in_order(
    newest: Fetch,
    *,
    ask: Callable[[Endpoint], Answer],
    judge: Callable[[str, Answer], None],
    tells_slot: bool = True,
) -> Heard[Answer]:
    """The first answer that `judge` lets pass, of the endpoints in their order. Raises a ValidatorsError."""

    def ask_in_order(chain: Chain) -> Heard[Answer]:
        return first_answer(
            in_order(now=timezone.now()),
            seconds=settings.FETCH_DEADLINE_SECONDS,
            ask=ask,
            judge=lambda endpoint, answer, _: judge(endpoint, answer),
            chain=chain,
        )

    return recorded(ask_in_order, newest, tells_slot=tells_slot)


def recorded(
    ask: Callable[[Chain], Heard[Answer]],
    newest: Fetch | None,
    *,
    tells_slot: bool = True,
    slot_of: Callable[[Answer], int] | None = None,
) -> Heard[Answer]:
    """What `ask` gives, after writing down what was asked and how each endpoint was.

    `tells_slot`: whether the answer was judged by its slot.
    """
    now = timezone.now()
    chain = followed_chain(newest, now=now)
    with recorded_requests():
        try:
            heard = ask(chain)
        except ValidatorsError as exc:
            record_failures(failures_of(exc), at=now)
            raise
        was_checked = bool(heard.genesis_hash)
        slot = slot_of(heard.answer) if slot_of is not None else None
        record_plausible(
            heard.endpoint,
            tells_slot=tells_slot,
            slot=slot,
            was_checked=was_checked,
            failures=heard.failures,
            at=now,
        )
    return heard


def passed_over(failures: tuple[EndpointError, ...]) -> dict[str, Any]:
    """For the result of a run: which endpoints gave no usable answer, and why."""
    return {"passed_over": [str(failure)[:500] for failure in failures]} if failures else {}


def refuse_if_behind(endpoint: str, slot: int, newest: Fetch, *, method: str) -> None:
    """Raises an ImplausibleError for an answer as of a slot before the newest fetch, or that stands there."""
    slots = (slot, newest.absolute_slot, newest.still_since)
    doubt = doubt_about_slot(*slots, at=timezone.now(), method=method, allowed=SLOTS_BETWEEN_NODES)
    if doubt is not None:
        raise implausible(endpoint, doubt)


def skip_if_ahead(epoch: int, newest: Fetch) -> None:
    """Raises SkipRun for an answer of an epoch that the votes fetched last have not reached yet."""
    if newest.epoch + 1 < epoch <= newest.epoch + MOST_EPOCHS_MISSED:
        raise SkipRun(f"epoch {epoch} runs, and the votes fetched last are of epoch {newest.epoch}")


def _is_never_offered(failure: EndpointError) -> bool:
    """A 403 for what the endpoint has answered before is an outage: a bill, a ban, a mistake of theirs."""
    if not is_refusal(failure):
        return False
    answered = RequestTally.objects.filter(
        endpoint=tallied_as(failure.endpoint),
        method=failure.method,
        outcome=Outcome.OK.value,
        requests__gt=0,
    )
    return not (isinstance(failure, ForbiddenError) and answered.exists())


def _skip_while_unavailable(source: Source, asked: str) -> None:
    """Other endpoints than those that refused may offer the method, so they are asked at once."""
    state = SourceState.objects.filter(source=source.value, endpoint=asked).first()
    if state is None or state.unavailable_until is None:
        return
    # Further off than it is ever put, and a clock was ahead.
    if not timedelta(0) < state.unavailable_until - timezone.now() <= ASK_AGAIN_AFTER:
        return
    raise SkipRun(_until(state.unavailable_until, state.last_error))


def _until(again: datetime, error: str) -> str:
    return f"not offered, asked again at {again:%Y-%m-%d %H:%M}Z: {error}"
