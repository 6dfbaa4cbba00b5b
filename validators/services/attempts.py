"""One attempt on a source: ask, store with the end of the run, and remember what became of it."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.utils import timezone

from scheduling.engine.execution import commit_with_run
from scheduling.exceptions import SkipRun
from validators.exceptions import ValidatorsError
from validators.models import Fetch, SourceState
from validators.services.requests import recorded_requests
from validators.services.sources import Source, record_failure, record_unavailable
from validators.solana.asking import first_answer, offered_by_nobody
from validators.solana.rpc import Endpoint, masked

Answer = TypeVar("Answer")


def endpoints() -> list[str]:
    return [url.strip() for url in settings.SOLANA_RPC_URLS]


def newest_fetch() -> Fetch:
    """Which epoch runs, and who is there. Raises SkipRun before the first fetch."""
    newest = Fetch.objects.newest()
    if newest is None:
        raise SkipRun("nothing fetched yet")
    return newest


def attempt(
    source: Source, *, ask: Callable[[Endpoint], Answer], store: Callable[[Answer], dict[str, Any]]
) -> dict[str, Any]:
    """Ask the endpoints, and store the answer in a transaction that also ends the run.

    Raises a ValidatorsError, and then nothing is stored but the error. Raises SkipRun while no
    endpoint offers the method: that is asked about once a day.
    """
    asked = ", ".join(map(masked, endpoints()))[:500]
    _skip_while_unavailable(source, asked)
    try:
        with recorded_requests():
            answer = first_answer(endpoints(), seconds=settings.FETCH_DEADLINE_SECONDS, ask=ask)
        return commit_with_run(lambda: store(answer))
    except ValidatorsError as exc:
        if not offered_by_nobody(exc):
            record_failure(source, error=str(exc), at=timezone.now())
            raise
        again = record_unavailable(source, endpoint=asked, error=str(exc), at=timezone.now())
        raise SkipRun(_until(again, str(exc))) from exc


def _skip_while_unavailable(source: Source, asked: str) -> None:
    """Other endpoints than those that refused may offer the method, so they are asked at once."""
    state = SourceState.objects.filter(source=source.value, endpoint=asked).first()
    if state is None or state.unavailable_until is None or state.unavailable_until <= timezone.now():
        return
    raise SkipRun(_until(state.unavailable_until, state.last_error))


def _until(again: Any, error: str) -> str:
    return f"not offered, asked again at {again:%Y-%m-%d %H:%M}Z: {error}"
