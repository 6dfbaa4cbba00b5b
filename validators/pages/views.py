"""The public pages."""

from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from scheduling.pages.access import only_read
from validators.monitoring.readiness import failed_first_fetch
from validators.pages.cluster_page import cluster_picture
from validators.pages.events_page import EventsForm, events_page, newest_of
from validators.pages.explorers import explorers
from validators.pages.method_comparison_form import ComparisonForm
from validators.pages.rows import MOST_COMPARED, compared, staleness, standing_rows
from validators.pages.selection_form import SelectionForm
from validators.pages.selection_page import choice_of
from validators.pages.standings_form import StandingsForm
from validators.pages.stars import stars_of
from validators.pages.story import chart_of, validator_story
from validators.pages.unknown_words import unknown_words
from validators.reading.cluster import sources
from validators.reading.method_comparison import (
    MethodChoiceError,
    chosen_methods,
    current_comparison,
    found_pairs,
    other_verdicts,
    setting_to_compare,
    with_reasons,
)
from validators.reading.picture import Picture, current_picture, refit_of
from validators.reading.standings import MOST_ROWS, accounts_of_node, nobody_has_stake, standings
from validators.reading.unheard import OF_A_LIST, silent, unheard
from validators.scoring.comparison import agreement, ordered
from validators.scoring.registry import METHODS
from validators.scoring.trust_v3.measured import shipped_measures
from validators.scoring.trust_v3.tables import judged_tables, shipped_tables

VALIDATORS_PER_PAGE: Final = 50
MOST_NAMED: Final = 8


@only_read
def standings_page(request: HttpRequest) -> HttpResponse:
    """The validators as the address asks for them; a page that is not there shows the nearest."""
    stars = stars_of(request)
    form = StandingsForm(request.GET, stars.accounts)
    picture = current_picture(form.chosen_method)
    found = standings(picture, narrowing=form.narrowing, sort=form.sorting)
    # All of their keys say how many there are as well, and all else is read of those shown alone.
    page = _page(request, list(found.values_list("pk", flat=True)))
    rows = standing_rows(found.filter(pk__in=page["page"].object_list), picture)
    about = {"form": form, **page, "rows": rows, "stars": stars, **_gaps(picture, OF_A_LIST)}
    return _shown(request, "standings", picture, (*form.fields, "page"), **about)


@only_read
def validator_page(request: HttpRequest, vote_account: str) -> HttpResponse:
    """One validator: why this score, and its past; the key of a node leads to what it votes with."""
    picture = current_picture(_method(request))
    story = validator_story(vote_account, picture)
    if story is None:
        return redirect(_way_to_node(request, vote_account))
    others = other_verdicts(story.validator, picture)
    genesis_hash = picture.fetch.genesis_hash if picture.fetch else ""
    about = {
        "chart": chart_of(story),
        "told": newest_of(story.validator),
        "stars": stars_of(request),
        "explorers": explorers(story.validator, genesis_hash=genesis_hash),
    }
    return _shown(request, "validator", picture, ("method",), story=story, others=others, **about)


@only_read
def what_changed_page(request: HttpRequest) -> HttpResponse:
    """What happened to whom, newest first."""
    form = EventsForm(request.GET)
    return _shown(request, "events", current_picture(), form.fields, form=form, events=events_page(form))


@only_read
def selection_page(request: HttpRequest) -> HttpResponse:
    """What to hold, by what is held now."""
    form = SelectionForm(request.GET, stars_of(request).accounts)
    picture = current_picture(form.chosen_method)
    choice = choice_of(picture, form)
    nobody = not any(group.rows for group in choice.groups)
    return _shown(request, "selection", picture, form.fields, form=form, choice=choice, nobody=nobody)


@only_read
def compare_page(request: HttpRequest) -> HttpResponse:
    """Up to four validators side by side."""
    picture = current_picture(_method(request))
    # A handful: more than are shown, so that unknown ones among them do not push out known ones.
    named = [words for words in map(str.strip, request.GET.getlist("v")) if words][:MOST_NAMED]
    found = compared([words for words in named if "\x00" not in words], picture)
    known = [one.validator.vote_account for one in found]
    about = {
        "compared": found,
        "places": known + [""] * (MOST_COMPARED - len(known)),
        "left_out": [words for words in named if words not in known],
        **_gaps(picture, OF_A_LIST),
    }
    return _shown(request, "compare", picture, ("v", "method"), **about)


@only_read
def methods_page(request: HttpRequest) -> HttpResponse:
    """Two scoring methods side by side; a choice that makes no sense is a 400 that says what there is."""
    try:
        choice = chosen_methods(request.GET.get("method"), request.GET.get("other"))
    except MethodChoiceError as exc:
        choice = chosen_methods(None, None)
        form = ComparisonForm(request.GET, choice)
        refused = {"form": form, "choice": choice, "problem": str(exc)}
        response = _shown(request, "methods", current_picture(), (*form.fields, "page"), **refused)
        response.status_code = 400
        return response
    comparison, form = current_comparison(choice), ComparisonForm(request.GET, choice)
    found = found_pairs(ordered(comparison.pairs, sort=form.sorting), form.words)
    page = _page(request, found)
    about = {
        **page,
        "form": form,
        "choice": choice,
        "comparison": comparison,
        "missing": comparison.missing(choice),
        "setting": setting_to_compare(choice),
        "agreement": agreement(comparison.pairs),
        "rows": with_reasons(comparison, page["page"].object_list),
    }
    return _shown(request, "methods", comparison.picture, (*form.fields, "page"), **about)


@only_read
def scores_page(request: HttpRequest) -> HttpResponse:
    """What the headline number means, and what it was worth."""
    picture = current_picture()
    refit = refit_of(picture.scoring_run)
    known = {"measured": shipped_measures(), "shipped": shipped_tables(), "judged": judged_tables()}
    return _shown(request, "scores", picture, (), refit=refit, **known)


@only_read
def cluster_page(request: HttpRequest) -> HttpResponse:
    """The cluster as a whole."""
    picture = current_picture(_method(request))
    return _shown(request, "cluster", picture, ("method",), cluster=cluster_picture(picture))


def _gaps(picture: Picture, shown: Collection[str]) -> dict[str, Any]:
    """What of a page is missing or old as a source of ours is not heard. One query."""
    states, as_of = sources(), picture.as_of
    return {
        "unheard": unheard(states, shown, as_of=as_of),
        "silent": silent(states, shown, as_of=as_of),
    }


def _way_to_node(request: HttpRequest, identity: str) -> str:
    """To its only vote account that is in the cluster, else to the list of them."""
    owned = accounts_of_node(identity)
    if not owned:
        raise Http404(f"No fetch ever saw {identity}.")
    if len(owned) > 1:
        return f"{reverse('validators:standings')}?{urlencode({'search': identity})}"
    asked = request.GET.urlencode()
    return f"{reverse('validators:validator', args=owned)}{'?' if asked else ''}{asked}"


def _method(request: HttpRequest) -> str | None:
    asked = request.GET.get("method", "")
    return asked if asked in METHODS else None


def _page(request: HttpRequest, found: Any) -> dict[str, Any]:
    """The page that the address asks for, and the numbers of those around it."""
    paginator = Paginator(found, VALIDATORS_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    return {
        "page": page,
        "pages": paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
    }


def _shown(
    request: HttpRequest, name: str, picture: Picture, known: Collection[str], **more: Any
) -> HttpResponse:
    """`known` are the names that the page takes in its address; a form tells of its own words."""
    values = {"method": METHODS} if "method" in known and "form" not in more else {}
    unknown = unknown_words(request.GET, known, values)
    shown = {"picture": picture, "stale": staleness(), "most_rows": MOST_ROWS}
    if picture.fetch is None:
        shown["failed_fetch"] = failed_first_fetch()
    elif picture.scoring_run is None:
        shown["nobody_has_stake"] = nobody_has_stake()
    context = {**shown, "unknown": unknown, **more}
    return render(request, f"validators/{name}.html", context)
