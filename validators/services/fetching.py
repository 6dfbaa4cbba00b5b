"""From the endpoints to the tables."""

import logging
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from scheduling.engine.execution import commit_with_run
from validators.exceptions import ValidatorsError
from validators.services.attempts import passed_over, recorded
from validators.services.comparison import Comparison, compare
from validators.services.doubts import believed_look, forget_doubts
from validators.services.endpoints import by_turns, record_plausible
from validators.services.last_look import last_look
from validators.services.memory import collector_paused, give_back
from validators.services.present import Present, read_present
from validators.services.snapshots import record_snapshot
from validators.services.sources import Source, record_failure
from validators.solana.asking import Chain, Heard
from validators.solana.looking import take_snapshot
from validators.solana.snapshot import Snapshot

logger = logging.getLogger(__name__)


@collector_paused()
def fetch_from_cluster(*, accept_shrunken: bool = False) -> dict[str, Any]:
    """Ask the configured endpoints and store the answer, with the end of the run if there is one.

    `accept_shrunken`: a person says that a look which is against all likelihood is true. Returns
    the fields of a FetchSummary, which the run keeps as its result. Raises a ValidatorsError, and
    then nothing is stored but the error.
    """
    now = timezone.now()
    present = read_present()
    newest = present.newest
    try:
        heard = _heard(present, began_at=now, accept_shrunken=accept_shrunken)
        # The reply and what it was read into: the most that a fetch holds comes now, and without them.
        give_back()
        genesis_hash = heard.genesis_hash or (newest.genesis_hash if newest else "")

        compared = _compared(heard.answer, present)
        # Ten megabytes for twenty thousand validators, and nothing that storing needs.
        del present

        def store() -> dict[str, Any]:
            summary = record_snapshot(
                heard.answer,
                genesis_hash=genesis_hash,
                stored_at=timezone.now(),
                # Stored a second time, it is compared anew: what was loaded beside the tables is used up.
                compared=compared.pop() if compared else None,
            )
            forget_doubts()
            return asdict(summary) | passed_over(heard.failures)

        return commit_with_run(store)
    except ValidatorsError as exc:
        record_failure(Source.VOTES, error=str(exc), at=timezone.now())
        raise


def _compared(snapshot: Snapshot, present: Present) -> list[Comparison]:
    """Empty where the database is out of reach: whoever stores it waits for that, and compares then."""
    try:
        return [compare(snapshot, present)]
    except DatabaseError as exc:
        logger.info("It is compared where it is stored: %s", exc)
        return []


def _heard(present: Present, *, began_at: datetime, accept_shrunken: bool) -> Heard[Snapshot]:
    newest, last = present.newest, last_look(present)

    def known_bps(vote_account: str) -> int | None:
        row = present.validators.get(vote_account)
        return None if row is None else row.commission_bps

    def ask(chain: Chain) -> Heard[Snapshot]:
        return take_snapshot(
            by_turns(now=began_at),
            seconds=settings.FETCH_DEADLINE_SECONDS,
            began_at=began_at,
            split_epoch=newest.split_epoch if newest else None,
            last=last,
            known_bps=known_bps,
            chain=chain,
        )

    try:
        return recorded(ask, newest, slot_of=lambda snapshot: snapshot.epoch.absolute_slot)
    except ValidatorsError as exc:
        believed = believed_look(exc, accept_shrunken=accept_shrunken, at=began_at)
        if believed is None:
            raise
        # `recorded` wrote it down as a failure of that endpoint; believed, it is none.
        slot = believed.answer.epoch.absolute_slot
        record_plausible(
            believed.endpoint, tells_slot=True, slot=slot, was_checked=False, failures=(), at=began_at
        )
        return believed
