"""The secrets that deliveries are signed with, and the signature (https://www.standardwebhooks.com).

A secret is made of SECRET_KEY and a salt, of which the database holds the salt alone.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.utils.crypto import salted_hmac

from validators.models import Subscription

PREFIX: Final = "whsec_"
# For so long after a renewal both secrets sign, so that a receiver changes over without missing any.
BOTH_SIGN_FOR: Final = timedelta(days=1)
_PURPOSE: Final = "validators.subscription"


def new_salt() -> str:
    return secrets.token_urlsafe(32)


def secret_of(salt: str) -> str:
    """As receivers write it: `whsec_` and 32 bytes in base64."""
    return PREFIX + base64.b64encode(_key_of(salt)).decode()


def digest_of(salt: str) -> str:
    """By which we know that SECRET_KEY is still the one that the secret was made with."""
    return hashlib.sha256(secret_of(salt).encode()).hexdigest()


def is_ours(subscription: Subscription) -> bool:
    """Whether we can still make the secret that its owner was given."""
    return hmac.compare_digest(digest_of(subscription.salt), subscription.secret_digest)


def signed_headers(subscription: Subscription, body: bytes, *, message: str, now: datetime) -> dict[str, str]:
    """The three headers that a receiver verifies; `message` is the same when the body is."""
    timestamp = str(int(now.timestamp()))
    salts = [subscription.salt]
    if subscription.former_until is not None and now < subscription.former_until:
        salts.append(subscription.former_salt)
    signed = f"{message}.{timestamp}.".encode() + body
    return {
        "webhook-id": message,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(signed, salt) for salt in salts),
    }


def _signature(signed: bytes, salt: str) -> str:
    digest = hmac.new(_key_of(salt), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key_of(salt: str) -> bytes:
    return salted_hmac(_PURPOSE, salt, algorithm="sha256").digest()
