"""The public pages."""

from typing import Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from validators.standings import freshness, standings

VALIDATORS_PER_PAGE: Final = 100


@require_safe
def standings_page(request: HttpRequest) -> HttpResponse:
    """The validators by rank, a hundred at a time; a page that is not there shows the nearest."""
    fresh = freshness()
    paginator = Paginator(standings(fresh.scoring_run), VALIDATORS_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    pages = paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return render(request, "validators/standings.html", {"page": page, "pages": pages, "freshness": fresh})
