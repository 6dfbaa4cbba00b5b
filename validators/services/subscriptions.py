"""What people do to subscriptions: make, pause, resume, give a new secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from scheduling.clock import AHEAD
from scheduling.exceptions import RefusedError
from scheduling.models.tokens import ApiToken
from validators.models import EventTally, Subscription
from validators.services.deliveries import step_over_lost
from validators.services.secrets import BOTH_SIGN_FOR, digest_of, new_salt, secret_of

# Each may have a batch under way, and its own log.
MOST_OF_A_TOKEN: Final = 20
# A test holds a thread of the web server.
BETWEEN_TESTS: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A subscription whose secret was just made, and the only time that it is told."""

    subscription: Subscription
    secret: str


def subscribe(
    token: ApiToken, *, url: str, validators: Sequence[str], kinds: Sequence[str], now: datetime
) -> NewSecret:
    """Have sent to that address whatever happens from now on. Raises RefusedError for one too many."""
    salt = new_salt()
    with transaction.atomic():
        _lock(token)
        if Subscription.objects.filter(token=token).count() >= MOST_OF_A_TOKEN:
            raise RefusedError(f"A token has up to {MOST_OF_A_TOKEN} subscriptions; delete one.")
        made = Subscription.objects.create(
            token=token,
            url=url,
            validators=list(dict.fromkeys(validators)),
            kinds=list(dict.fromkeys(kinds)),
            created_at=now,
            salt=salt,
            secret_digest=digest_of(salt),
            cursor=EventTally.now().newest,
            due_at=now,
        )
    return NewSecret(made, secret_of(salt))


def pause(subscription: Subscription, *, because: Subscription.Pause, now: datetime) -> bool:
    """Deliver nothing until it is resumed; what is under way may still arrive. False if it was paused."""
    active = Subscription.objects.active().filter(pk=subscription.pk)
    return bool(active.update(paused=because, paused_at=now))


def resume(subscription: Subscription, *, now: datetime) -> tuple[int, int] | None:
    """Go on from the cursor, at once; returns the first and last number of what was deleted meanwhile."""
    with transaction.atomic():
        found = Subscription.objects.select_for_update().get(pk=subscription.pk)
        lost = step_over_lost(found, forgotten=EventTally.now().forgotten, now=now)
        Subscription.objects.filter(pk=found.pk).update(
            paused="", paused_at=None, failures=0, failing_since=None, due_at=now
        )
    return lost


def renew_secret(subscription: Subscription, *, now: datetime) -> NewSecret:
    """Sign with a new secret, and for a day with the one before too."""
    salt = new_salt()
    with transaction.atomic():
        found = Subscription.objects.select_for_update().get(pk=subscription.pk)
        found.former_salt, found.former_until = found.salt, now + BOTH_SIGN_FOR
        found.salt, found.secret_digest = salt, digest_of(salt)
        found.save(update_fields=["former_salt", "former_until", "salt", "secret_digest"])
    return NewSecret(found, secret_of(salt))


def begin_test(subscription: Subscription, *, now: datetime) -> None:
    """Raises RefusedError while another subscription of the token, or this one, was tested a moment ago."""
    with transaction.atomic():
        _lock(subscription.token)
        of_token = Subscription.objects.filter(token=subscription.token_id)
        # Another one, which had this lock, may be a moment younger; one of later is a clock's that was ahead.
        if of_token.filter(tested_at__gt=now - BETWEEN_TESTS, tested_at__lte=now + AHEAD).exists():
            seconds = int(BETWEEN_TESTS.total_seconds())
            raise RefusedError(f"One test in {seconds} s for each token; try again after that.")
        of_token.filter(pk=subscription.pk).update(tested_at=now)


def _lock(token: ApiToken) -> None:
    """Until the transaction ends nobody else counts what belongs to this token."""
    ApiToken.objects.select_for_update().get(pk=token.pk)
