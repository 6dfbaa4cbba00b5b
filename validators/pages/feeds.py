"""What changed as Atom feeds: of all validators, and of one."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import condition

from scheduling.pages.access import only_read
from validators.models import Validator, ValidatorEvent
from validators.reading.events import events_version, newest_events, sentence
from validators.reading.picture import picture_version

ENTRIES: Final = 100

if TYPE_CHECKING:
    _Feed = Feed[ValidatorEvent, Validator | None]
else:
    _Feed = Feed


class _Atom(Atom1Feed):
    """Of an empty one Django says that it was updated just now, each time anew."""

    def latest_post_date(self) -> datetime:
        return super().latest_post_date() if self.items else self.feed["begins"]


class EventFeed(_Feed):
    """The newest of one validator, or of all."""

    feed_type = _Atom
    subtitle = "As the fetches of this site saw it, newest first"

    def get_object(self, request: HttpRequest, vote_account: str | None = None) -> Validator | None:
        if vote_account is None:
            return None
        found = Validator.objects.of_account(vote_account)
        if found is None:
            raise Http404(f"No fetch ever saw {vote_account}.")
        return found

    def title(self, obj: Validator | None) -> str:
        return f"{obj or 'Solana validators'}: what changed"

    def link(self, obj: Validator | None) -> str:
        return _page_of(obj) if obj else reverse("validators:events")

    def feed_extra_kwargs(self, obj: Validator | None) -> dict[str, Any]:
        return {"begins": obj.first_seen_at if obj else datetime.fromtimestamp(0, UTC)}

    def items(self, obj: Validator | None) -> list[ValidatorEvent]:
        return newest_events(validators=[obj.pk] if obj else (), limit=ENTRIES)

    def item_title(self, item: ValidatorEvent) -> str:
        return f"{item.validator}: {item.get_kind_display()}"

    def item_description(self, item: ValidatorEvent) -> str:
        return f"{sentence(item)} Seen in epoch {item.epoch}."

    def item_link(self, item: ValidatorEvent) -> str:
        # The fragment tells two events of one validator apart, for ever.
        return f"{_page_of(item.validator)}#event-{item.number}"

    def item_pubdate(self, item: ValidatorEvent) -> datetime:
        return item.at

    def item_updateddate(self, item: ValidatorEvent) -> datetime:
        return item.at

    def item_categories(self, item: ValidatorEvent) -> list[str]:
        return [item.kind]


def _page_of(validator: Validator) -> str:
    return reverse("validators:validator", args=[validator.vote_account])


def _version(request: HttpRequest, vote_account: str | None = None) -> str | None:
    """None of a feed that there is not: it has none that anybody could have."""
    if vote_account is not None and Validator.objects.of_account(vote_account) is None:
        return None
    return f'"{events_version()}-{picture_version()}"'


# Readers of feeds ask again and again, mostly for what they have.
event_feed = only_read(condition(etag_func=_version)(EventFeed()))
