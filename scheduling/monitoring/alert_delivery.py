"""Telling people and programs about alerts: by e-mail, by a signed webhook, and by chats and pagers.

Each delivery is a run in the ledger like any other, of a job without a schedule, so it is
retried and kept like any other; `engine.courier` makes them, beside the workers.
"""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import send_mail

from scheduling.context import current_run
from scheduling.exceptions import DeliveryError, SkipRun, UnreachableError
from scheduling.ledger.presentation import iso
from scheduling.models import Job, Overlap, Run, RunState, RunTrigger
from scheduling.models.paths import SEND_CHAT, SEND_EMAIL, SEND_WEBHOOK
from scheduling.outgoing import ask_status, is_private_enough
from scheduling.telling import schema_of, tell

EMAIL = "alert-email"
WEBHOOK = "alert-webhook"
SIGNATURE_HEADER = "X-Staking-Signature"
TIMESTAMP_HEADER = "X-Staking-Timestamp"
# Seconds to connect and to answer.
WEBHOOK_TIMEOUT = (5.0, 10.0)
# From the first byte to the last, however slowly they come.
DELIVERY_DEADLINE = timedelta(seconds=15)
# Some five hours of trying, each wait several times as long as the one before.
MOST_ATTEMPTS = 10
LONGEST_SUBJECT = 120
_TASKS = {
    EMAIL: SEND_EMAIL,
    WEBHOOK: SEND_WEBHOOK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What there is to tell about one alert. `event` is opened, still open, closed or test."""

    event: str
    rule: str
    subject: str
    message: str
    opened_at: datetime
    closed_at: datetime | None = None

    def document(self) -> dict[str, Any]:
        """As JSON, for a delivery to be kept and for webhooks.

        By its id a receiver knows news that it has had: what is not answered in time is sent again.
        """
        times = {"opened_at": iso(self.opened_at), "closed_at": iso(self.closed_at)}
        return {"id": uuid.uuid4().hex, **asdict(self), **times}


def channels() -> list[str]:
    """The ways that the settings give to tell anybody."""
    configured = {EMAIL: bool(settings.ALERT_EMAILS), WEBHOOK: bool(settings.ALERT_WEBHOOK_URL)}
    return [*(channel for channel, is_set in configured.items() if is_set), *chats()]


def chats() -> dict[str, str]:
    """The address of each chat or pager by its channel's name, which tells its kind and of the rest nothing.

    Each is a channel of its own, so that one that is away has nobody else told twice.
    """
    return {
        f"alert-{schema_of(address) or 'unknown'}-{hashlib.sha256(address.encode()).hexdigest()[:6]}": address
        for address in settings.ALERT_URLS
    }


def ask_for_delivery(news: Sequence[News], *, now: datetime) -> None:
    """Record one run per channel that tells all of it; a dispatcher queues them within a tick."""
    if not news:
        return
    documents = [one.document() for one in news]
    for channel in channels():
        Run.objects.create(
            job=_delivery_job(channel),
            occurrence=now,
            not_before=now,
            state=RunState.PENDING,
            trigger=RunTrigger.ALERT,
            parameters={"news": documents},
        )


def digest(news: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of several news about one alert the newest, in the order in which they came."""
    newest = {(one.get("rule"), one.get("subject")): one for one in news}
    return [one for one in news if newest[one.get("rule"), one.get("subject")] is one]


def send_email(news: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The task of `alert-email`; raises what the mail server's refusal raises, to be tried again."""
    mails = send_mail(_subject(news), _body(news), settings.DEFAULT_FROM_EMAIL, settings.ALERT_EMAILS)
    return {"mails": mails}


def send_chat(news: Sequence[dict[str, Any]], *, channel: str = "") -> dict[str, str]:
    """The task of each chat's channel, by default of the one whose run this is; raises `DeliveryError`."""
    run = current_run()
    channel = channel or (run.job if run else "")
    address = chats().get(channel)
    if address is None:
        raise SkipRun(f"{channel} is not in ALERT_URLS any more.")
    is_over = all(one["event"] == "closed" for one in news)
    tell(address, title=_subject(news), body=_body(news), is_over=is_over)
    return {"told": schema_of(address)}


def send_webhook(news: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The task of `alert-webhook`; raises `DeliveryError`, to be tried again, unless the answer is a 2xx.

    The signature is the HMAC-SHA256, with the shared secret, of the timestamp, a dot and the
    body; a receiver refuses what is not signed so, and what is older than some minutes.
    """
    body = json.dumps({"news": list(news)}, separators=(",", ":")).encode()
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: signature(body, timestamp=timestamp, secret=settings.ALERT_WEBHOOK_SECRET),
    }
    seconds = DELIVERY_DEADLINE.total_seconds()
    url = settings.ALERT_WEBHOOK_URL
    if not is_private_enough(url):
        raise DeliveryError("The webhook's address is neither https nor of this machine.")
    try:
        status, taken = ask_status(
            "POST", url, seconds=seconds, patience=WEBHOOK_TIMEOUT, data=body, headers=headers
        )
    except UnreachableError as exc:
        raise DeliveryError(f"The webhook could not be reached: {exc}.") from None
    if not taken:
        raise DeliveryError(f"The webhook answered {status}.")
    return {"status": status}


def signature(body: bytes, *, timestamp: str, secret: str) -> str:
    """`sha256=` and the hexadecimal digest."""
    signed = timestamp.encode() + b"." + body
    return f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def _subject(news: Sequence[dict[str, Any]]) -> str:
    first = f"{news[0]['event']}: {news[0]['message']}"
    more = f" (and {len(news) - 1} more)" if len(news) > 1 else ""
    return " ".join(f"[staking] {first}".split())[:LONGEST_SUBJECT] + more


def _body(news: Sequence[dict[str, Any]]) -> str:
    return "\n\n".join(_paragraph(one) for one in news)


def _paragraph(one: dict[str, Any]) -> str:
    headline = f"{one['event'].upper()}  {one['rule']}: {one['subject']}"
    over = f", closed {one['closed_at']}" if one["closed_at"] else ""
    return f"{headline}\n{one['message']}\n(opened {one['opened_at']}{over})"


def _delivery_job(channel: str) -> Job:
    """The job that a channel's deliveries belong to; it has no schedule and so none is ever due."""
    job, _ = Job.objects.get_or_create(
        name=channel,
        defaults={
            "task": _TASKS.get(channel, SEND_CHAT),
            "description": "Tells about alerts.",
            "overlap": Overlap.ALLOW,
            "max_attempts": MOST_ATTEMPTS,
            "time_limit": DELIVERY_DEADLINE,
            "keep_succeeded": timedelta(days=7),
            "keep_failed": timedelta(days=30),
        },
    )
    return job
