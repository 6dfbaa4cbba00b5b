"""Which runs are asked for: the same names in an address of the API and of the page of runs."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from django.db.models import Exists, OuterRef, Q
from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, ValidationInfo

from scheduling.api import cursors
from scheduling.api.replies import Format
from scheduling.api.several import one_by_one
from scheduling.api.unknown import there_is_no
from scheduling.exceptions import CadenceError
from scheduling.ledger.search import Place, RunFilter
from scheduling.models import Job, Run, RunTrigger
from scheduling.timing.instants import parse_instant

MOST_RUNS: Final = 1_000
LARGEST_KEY: Final = 2**63 - 1
# No control characters, which PostgreSQL cannot hold all of.
WORDS: Final = r"^[^\x00-\x1f]*$"

State = Literal["pending", "queued", "running", "succeeded", "failed", "skipped"]


def _read_instant(written: Any) -> Any:
    """A text as on the command line: without a zone it is UTC."""
    if not isinstance(written, str):
        return written
    try:
        return parse_instant(written)
    except CadenceError as exc:
        raise ValueError(str(exc)) from exc


def _not_before_its_beginning(end: datetime, info: ValidationInfo) -> datetime:
    """Who mixed the two up would be told that nothing happened."""
    if (begin := info.data.get("since")) and end < begin:
        raise ValueError("it is before `from`")
    return end


Instant = Annotated[datetime, BeforeValidator(_read_instant)]
# Of a model in which `since` stands before it.
End = Annotated[Instant, AfterValidator(_not_before_its_beginning)]


class RunPlace(BaseModel):
    """Where a page of runs ended."""

    # Far from the ends of what a date holds, where a time zone would carry it over.
    occurrence: AwareDatetime = Field(
        ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9000, 1, 1, tzinfo=UTC)
    )
    key: int = Field(ge=1, le=LARGEST_KEY)


class RunFilters(Schema):
    schedule: str | None = Field(None, max_length=100, pattern=WORDS, description="Its name")
    state: Annotated[list[State], BeforeValidator(one_by_one)] = Field(
        [], description="Any of these: with commas between, or repeated", max_length=6
    )
    since: Instant | None = Field(
        None, alias="from", description="Occurrences from then on; UTC, if not said"
    )
    until: End | None = Field(None, alias="to", description="Occurrences up to then; UTC, if not said")
    host: str | None = Field(
        None, max_length=60, pattern=WORDS, description="Its name; for staff and tokens that read"
    )
    text: str | None = Field(
        None,
        max_length=200,
        pattern=WORDS,
        description="Within the name, the error or those of attempts; for staff and tokens that read",
    )
    limit: int = Field(100, ge=1, le=MOST_RUNS, description="Rows in one reply, also of a CSV")
    cursor: str | None = Field(None, max_length=200, description="The `next_cursor` of the page before")
    format: Format | None = Field(None, description="Goes before the Accept header")

    @property
    def wanted(self) -> RunFilter:
        return RunFilter(
            schedule=self.schedule or "",
            states=self.state,
            since=self.since,
            until=self.until,
            host=self.host or "",
            text=self.text or "",
        )

    @property
    def place(self) -> Place | None:
        """Where the page begins; raises `ApiError` for a cursor that we never wrote."""
        if self.cursor is None:
            return None
        place = cursors.read(self.cursor, RunPlace)
        return place.occurrence, place.key


def schedule_problem(name: str, *, with_deliveries: bool) -> str:
    """Why the name of a schedule is refused; empty where it is known, as one that was removed is by its runs.

    By which channels alerts go is not for everybody: without deliveries these have no runs.
    """
    runs = Run.objects.filter(job=OuterRef("pk"))
    if not with_deliveries:
        runs = runs.exclude(trigger=RunTrigger.ALERT)
    known = Job.objects.filter(Q(schedule__isnull=False) | Exists(runs))
    if not name or known.filter(name=name).exists():
        return ""
    there_are = Job.objects.filter(schedule__isnull=False).order_by("name").values_list("name", flat=True)
    return f"schedule: {there_is_no(name, list(there_are), kind='schedule')}"


def cursor_of(place: Place | None) -> str | None:
    return cursors.written(RunPlace(occurrence=place[0], key=place[1])) if place else None
