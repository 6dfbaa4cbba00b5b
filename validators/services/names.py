"""Storing what validators call themselves."""

from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from django.utils import timezone

from validators.exceptions import ImplausibleError
from validators.figures import number_or_none
from validators.models import Validator
from validators.services import bulk
from validators.services.attempts import attempt, newest_fetch
from validators.services.operators import Marking, compared_operators, evidence_marks, mark_operators
from validators.services.sources import Source, record_success
from validators.solana.look_alikes import Named, name_marks
from validators.solana.names import METHOD, Profile, SignedProfile, ask_names
from validators.solana.records import Records

_FIELDS: Final = tuple(field.name for field in fields(Profile))
_words_of: Final = attrgetter(*_FIELDS)
_NOTHING: Final = _words_of(Profile())
# Nobody takes a name back, and accounts are rarely closed.
LEAST_STILL_NAMED: Final = 0.5


def fetch_names() -> dict[str, Any]:
    """Ask for the signed profiles and store them by vote account; who has none is nameless."""
    newest = newest_fetch()
    rows = bulk.read_rows(Validator.objects.present().values_list("identity", "name"))
    present: dict[str, str] = dict(rows)
    return attempt(
        Source.NAMES,
        newest=newest,
        ask=ask_names,
        judge=lambda endpoint, profiles: _judged(endpoint, profiles, present),
        store=_store,
    )


def _judged(endpoint: str, profiles: Records[SignedProfile], present: Mapping[str, str]) -> Marking:
    """Who runs whom by these names. Raises an ImplausibleError as `_judge` does."""
    _judge(endpoint, profiles, present)
    names = {signed.identity: signed.profile.name for signed in profiles.good}
    marks = evidence_marks()
    accounts = bulk.read_rows(Validator.objects.present().values_list("vote_account", "identity"))
    said = {account: (names.get(identity, ""),) for account, identity in accounts}
    return compared_operators(marks, "name", said)


def _judge(endpoint: str, profiles: Records[SignedProfile], present: Mapping[str, str]) -> None:
    """Raises an ImplausibleError where most of those that had a name are missing, or nobody is known."""
    sent = {signed.identity for signed in profiles.good}
    named = {identity for identity, name in present.items() if name}
    if sent & present.keys() and len(sent & named) >= LEAST_STILL_NAMED * len(named):
        return
    cause = (
        f"{number_or_none(len(sent & present.keys()))} of its {len(sent):,} profiles are of known "
        f"validators, of whom {len(named):,} had a name, so it looks like another cluster"
    )
    raise ImplausibleError(endpoint, METHOD, cause)


def _store(profiles: Records[SignedProfile], told: Marking) -> dict[str, Any]:
    bulk.serialize_writers()
    by_identity = {signed.identity: _words_of(signed.profile) for signed in profiles.good}
    validators = bulk.read_rows(Validator.objects.present().values_list("pk", "identity", *_FIELDS))
    named = sum(identity in by_identity for _, identity, *_ in validators)
    changed = [
        (*words, key)
        for key, identity, *stored in validators
        if (words := by_identity.get(identity, _NOTHING)) != tuple(stored)
    ]
    bulk.update_rows(Validator, fields=_FIELDS, rows=changed, constants={})
    _mark()
    mark_operators(told)
    record_success(Source.NAMES, endpoint=profiles.endpoint, rejected=profiles.rejected, at=timezone.now())
    return {
        "endpoint": profiles.endpoint,
        "profiles": len(by_identity),
        "validators": named,
        "changed": len(changed),
        "rejected": len(profiles.rejected),
    }


def _mark() -> None:
    """Beside everybody's name, whether it may be taken for another's; stake decides whose it is."""
    columns = ("pk", "name_mark", "vote_account", "identity", "name", "activated_stake")
    rows = [
        (key, known, Named(*named))
        for key, known, *named in bulk.read_rows(Validator.objects.present().values_list(*columns))
    ]
    marks = name_marks(named for _, _, named in rows)
    wanted = [(str(marks.get(named.vote_account, "")), key, known) for key, known, named in rows]
    changed = [(mark, key) for mark, key, known in wanted if mark != known]
    bulk.update_rows(Validator, fields=("name_mark",), rows=changed, constants={})
