"""What changed, for a page: the newest first, by kinds and validator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.urls import reverse

from validators.models import Validator, ValidatorEvent
from validators.reading.events import newest_events, sentence

EVENTS_PER_PAGE: Final = 50
# On the page of one validator.
NEWEST_SHOWN: Final = 20
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event, and what happened in words that are ours."""

    event: ValidatorEvent
    sentence: str


class EventsForm(forms.Form):
    """All of it stands in the address; what makes no sense is told, and narrows nothing."""

    validator = forms.CharField(
        label="Vote account", max_length=44, required=False, validators=[ProhibitNullCharactersValidator()]
    )
    kind = forms.MultipleChoiceField(
        label="Kinds",
        choices=ValidatorEvent.Kind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    before = forms.IntegerField(min_value=1, max_value=_LARGEST, required=False, widget=forms.HiddenInput)

    def clean_validator(self) -> Validator | None:
        vote_account = self.cleaned_data["validator"].strip()
        found = Validator.objects.of_account(vote_account)
        if vote_account and found is None:
            raise forms.ValidationError("No fetch ever saw this vote account.")
        return found


@dataclass(frozen=True, slots=True)
class EventsPage:
    """`older` is where the next page begins, None at the end; `api_query` asks the API for the same.

    The feed is of all kinds, of the one validator or of all.
    """

    told: Sequence[ToldEvent]
    older: int | None
    api_query: str
    feed: str


def events_page(form: EventsForm) -> EventsPage:
    """Three queries at most, with that for the validator."""
    form.is_valid()
    wanted: dict[str, Any] = form.cleaned_data
    if "validator" in form.errors:
        return EventsPage((), None, "", "")
    one = wanted.get("validator")
    found = newest_events(
        kinds=wanted.get("kind") or (),
        validators=[one.pk] if one else (),
        before=wanted.get("before"),
        limit=EVENTS_PER_PAGE + 1,
    )
    shown = found[:EVENTS_PER_PAGE]
    asked = {"kind": wanted.get("kind") or (), "vote_account": [one.vote_account] if one else ()}
    return EventsPage(
        told=_told(shown),
        older=shown[-1].number if len(found) > len(shown) else None,
        api_query=urlencode(asked, doseq=True),
        feed=reverse("validators:validator-feed", args=[one.vote_account])
        if one
        else reverse("validators:events-feed"),
    )


def newest_of(validator: Validator) -> list[ToldEvent]:
    return _told(newest_events(validators=[validator.pk], limit=NEWEST_SHOWN))


def _told(events: Sequence[ValidatorEvent]) -> list[ToldEvent]:
    return [ToldEvent(event, sentence(event)) for event in events]
