"""One message to one receiver: what it says, how it is signed, and what came back."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_json

from scheduling.exceptions import UnreachableError
from scheduling.outgoing import ask_status
from validators.models import Subscription, ValidatorEvent
from validators.reading.events import document
from validators.services.deliveries import Outcome
from validators.services.secrets import signed_headers
from validators.subscriptions.addresses import resolve

# Seconds from the first byte to the last, however slowly they come. A test holds a thread of the web server.
DEADLINE: Final = 15.0
TEST_DEADLINE: Final = 5.0
# Seconds to connect, and of silence within the answer.
PATIENCE: Final = (5.0, 10.0)
EVENTS: Final = "validators.events"
TEST: Final = "test"

Message = tuple[bytes, dict[str, str]]


def message_of(subscription: Subscription, events: Sequence[ValidatorEvent], *, now: datetime) -> Message:
    """Body and headers for a batch. Tried again, the batch is the same, and so is its id."""
    return _message(
        subscription,
        kind=EVENTS,
        of=events[-1].at,
        name=f"msg_{subscription.pk}_{events[0].number}_{events[-1].number}",
        data={"subscription": subscription.pk, "events": [document(event) for event in events]},
        now=now,
    )


def send_test(subscription: Subscription, *, now: datetime) -> Outcome:
    """Send a message without events, signed as all are, and say what came back."""
    name = f"msg_{subscription.pk}_test_{int(now.timestamp() * 1_000)}"
    body, headers = _message(
        subscription,
        kind=TEST,
        of=now,
        name=name,
        data={"subscription": subscription.pk, "events": []},
        now=now,
    )
    return post(subscription.url, body, headers, seconds=TEST_DEADLINE)


def post(url: str, body: bytes, headers: dict[str, str], *, seconds: float = DEADLINE) -> Outcome:
    """Only a 2xx is a yes. Asks no database, so that any thread may wait for it."""
    began = time.monotonic()
    status = None
    try:
        status, taken = ask_status(
            "POST", url, seconds=seconds, patience=PATIENCE, resolve=resolve, data=body, headers=headers
        )
        error = "" if taken else f"It answered {status}."
    except UnreachableError as exc:
        error = f"It could not be reached: {exc}."
    return Outcome(status=status, error=error, milliseconds=round((time.monotonic() - began) * 1_000))


def _message(
    subscription: Subscription,
    *,
    kind: str,
    of: datetime,
    name: str,
    data: dict[str, Any],
    now: datetime,
) -> Message:
    body = to_json({"type": kind, "timestamp": of, "data": data})
    headers = signed_headers(subscription, body, message=name, now=now)
    return body, {"Content-Type": "application/json", "User-Agent": "solana-staking-backend", **headers}
