"""Admin pages for what the machine writes: to be read, page by page, however much there is."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    _ModelAdmin = admin.ModelAdmin
    _Paginator = Paginator

# Nobody pages further than this by hand, and counting millions of rows would take longer than
# showing them.
MOST_COUNTED = 10_000


class BoundedPaginator(_Paginator):
    """Counts no further than `MOST_COUNTED` rows, and pages no further either."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:MOST_COUNTED].count())

    @property
    def stopped_counting(self) -> bool:
        """Whether there may be more."""
        return self.count >= MOST_COUNTED


class ReadOnlyAdmin(_ModelAdmin):
    """Nobody adds, changes or deletes here; those who may view, view."""

    # A second count of the same rows, for the words "5 of 12".
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class HistoryAdmin(ReadOnlyAdmin):
    """A read-only table that may hold millions of rows: newest first, never counted or sorted whole."""

    paginator = BoundedPaginator
    change_list_template = "admin/scheduling/history.html"
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    sortable_by = ()
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER


def page_of(name: str, *, text: str = "") -> str:
    """A link to the page of a schedule."""
    return format_html('<a href="{}">{}</a>', reverse("scheduling:schedule", args=[name]), text or name)
