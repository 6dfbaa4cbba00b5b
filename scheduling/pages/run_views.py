"""The page of runs, for staff: search, and many begun anew at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from scheduling.api.errors import ApiError
from scheduling.api.run_filters import RunFilters, cursor_of, schedule_problem
from scheduling.api.several import words_of
from scheduling.clock import database_now
from scheduling.ledger.search import FoundRuns, found_runs
from scheduling.models import Job, RunState
from scheduling.pages.access import may_operate, may_read, only_read, staff_only
from scheduling.pages.run_lines import RunLine, run_lines

# Fewer than the most that are retried at once.
RUNS_ON_A_PAGE = 50
# Names of what the address may hold, as the API has them; a form posts those that are empty, too.
_SEVERAL = ("state",)
_ONE = ("schedule", "from", "to", "host", "text", "cursor")
# Characters of a wrong word, which are enough to find it.
LONGEST_SHOWN = 60
FOR_READERS = "Text and host are for who may view runs; ask whoever gives permissions."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for: filters, or what is wrong with it, and with which of its words."""

    filters: RunFilters
    problems: tuple[str, ...] = ()
    wrong: frozenset[str] = frozenset()


@only_read
@staff_only
def runs_page(request: HttpRequest) -> HttpResponse:
    """Runs found by the words of the API, newest first."""
    reader = may_read(request)
    asked = _asked(request, reader=reader)
    found = FoundRuns(runs=[], next_place=None)
    if not asked.problems:
        found = found_runs(
            asked.filters.wanted, place=asked.filters.place, limit=RUNS_ON_A_PAGE, with_deliveries=reader
        )
    lines = run_lines(found.runs, in_full=reader)
    ticked = words_of(request.GET.getlist("state"))
    context = {
        "now": database_now(),
        "problems": asked.problems,
        "wrong": asked.wrong,
        "typed": {name: request.GET.get(name, "") for name in _ONE},
        "states": [(state.value, state.value in ticked) for state in RunState],
        "names": Job.objects.order_by("name").values_list("name", flat=True),
        "runs": lines,
        "failed": _failed(lines),
        "searched_back_to": found.next_place[0]
        if found.next_place and asked.filters.wanted.reads_errors
        else None,
        "next_page": _address(request, cursor=cursor_of(found.next_place)) if found.next_place else "",
        "csv": f"{reverse('api:list_runs')}?{_query(request, format='csv')}",
        "may_operate": may_operate(request),
        "may_read": reader,
    }
    response = render(request, "scheduling/runs.html", context)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _asked(request: HttpRequest, *, reader: bool) -> Asked:
    given: dict[str, object] = {name: request.GET[name] for name in _ONE if request.GET.get(name)}
    given |= {name: words for name in _SEVERAL if (words := words_of(request.GET.getlist(name)))}
    try:
        filters = RunFilters.model_validate(given)
        # Asked for here, so that a cursor that is none of ours is told with the rest.
        _ = filters.place
    except ValidationError as exc:
        wrong = frozenset(str(error["loc"][0]) for error in exc.errors())
        return Asked(filters=RunFilters.model_validate({}), problems=tuple(_in_words(exc)), wrong=wrong)
    except ApiError as exc:
        return Asked(filters=RunFilters.model_validate({}), problems=(exc.detail,))
    if filters.wanted.reads_errors and not reader:
        return Asked(filters=filters, problems=(FOR_READERS,))
    unknown = schedule_problem(filters.wanted.schedule, with_deliveries=reader)
    if unknown:
        return Asked(filters=filters, problems=(f"{unknown}.",), wrong=frozenset({"schedule"}))
    return Asked(filters=filters)


def _in_words(problem: ValidationError) -> Iterable[str]:
    """In our words, where the library would speak of its own strings and inputs."""
    for error in problem.errors():
        yield f"{error['loc'][0]}: {_why(error)}"


def _why(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "enum" | "literal_error":
            choices = context["expected"].replace("'", "").replace(" or ", ", ")
            return f"{str(error['input'])[:LONGEST_SHOWN]!r} is none of {choices}."
        case "string_too_long" | "too_long":
            return (
                f"More than {context['max_length']} {'characters' if 'string' in error['type'] else 'of it'}."
            )
        case "string_pattern_mismatch":
            return "It holds a character that it cannot have."
        case _:
            return error["msg"].removeprefix("Value error, ")


def _failed(lines: Iterable[RunLine]) -> list[RunLine]:
    return [line for line in lines if line.state == RunState.FAILED]


def _query(request: HttpRequest, **changed: str | None) -> str:
    """The address's own words but for its cursor, and what is given."""
    query = request.GET.copy()
    query.pop("cursor", None)
    for name in [name for name in query if not any(query.getlist(name))]:
        del query[name]
    for name, value in changed.items():
        query[name] = value or ""
    return query.urlencode()


def _address(request: HttpRequest, **changed: str | None) -> str:
    return f"{request.path}?{_query(request, **changed)}"
