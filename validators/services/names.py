"""Storing what validators call themselves."""

from dataclasses import astuple, fields
from typing import Any, Final

from django.utils import timezone

from validators.exceptions import SnapshotRefusedError
from validators.models import Validator
from validators.services import bulk
from validators.services.attempts import attempt, newest_fetch
from validators.services.sources import Source, record_success
from validators.solana.names import Profile, SignedProfile, ask_names
from validators.solana.records import Records

_FIELDS: Final = tuple(field.name for field in fields(Profile))
_NOTHING: Final = Profile()


def fetch_names() -> dict[str, Any]:
    """Ask for the signed profiles and store them by vote account; who has none is nameless."""
    newest_fetch()
    return attempt(Source.NAMES, ask=ask_names, store=_store)


def _store(profiles: Records[SignedProfile]) -> dict[str, Any]:
    bulk.serialize_writers()
    by_identity = {signed.identity: signed.profile for signed in profiles.good}
    validators = bulk.read_rows(Validator.objects.present().values_list("pk", "identity", *_FIELDS))
    named = sum(row[1] in by_identity for row in validators)
    if not named:
        raise SnapshotRefusedError(
            f"{profiles.endpoint}: none of its {len(by_identity)} profiles is of a known validator, so it "
            "looks like another cluster"
        )
    changed = [
        (*words, row[0])
        for row in validators
        if (words := astuple(by_identity.get(row[1], _NOTHING))) != tuple(row[2:])
    ]
    bulk.update_rows(Validator, fields=_FIELDS, rows=changed, constants={})
    record_success(Source.NAMES, endpoint=profiles.endpoint, rejected=profiles.rejected, at=timezone.now())
    return {
        "endpoint": profiles.endpoint,
        "profiles": len(by_identity),
        "validators": named,
        "changed": len(changed),
        "rejected": len(profiles.rejected),
    }
