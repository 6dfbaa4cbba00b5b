"""What callers may ask for, with bounds that every database can hold."""

from collections.abc import Callable, Sequence
from typing import Annotated, Final

from ninja import Path, Query, Schema
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from scheduling.api.replies import Format
from validators.models import ScoringRun
from validators.reading.standings import DEFAULT_SORT, MOST_ROWS, SORT_FIELDS
from validators.scoring.registry import METHODS

LARGEST: Final = 2**63 - 1
# Text without NUL, which PostgreSQL cannot hold.
TEXT: Final = r"^[^\x00]*$"
BASE58: Final = r"^[0-9A-Za-z]{1,44}$"

_METHOD: Final = (
    f"Today one of {', '.join(METHODS)}, also an older one with stored scores. Default: the headline one"
)

VoteAccount = Annotated[str, Path(pattern=BASE58, description="The validator's key, Base58")]


def _known_method(name: str | None) -> str | None:
    """Let pass a method that there is, or was when scores were stored."""
    if name is not None and name not in METHODS and not ScoringRun.objects.filter(method=name).exists():
        raise ValueError(f"There is no scoring method “{name}”; there are: {', '.join(METHODS)}")
    return name


Method = Annotated[
    str | None,
    Query(max_length=50, pattern=TEXT, description=_METHOD),
    AfterValidator(_known_method),
]
_SORTS: Final = tuple(name for key in SORT_FIELDS for name in (key, f"-{key}"))


def one_of(sorts: Sequence[str]) -> Callable[[str], str]:
    """Let pass what a list can be sorted by."""

    def known(sort: str) -> str:
        if sort not in sorts:
            raise ValueError(f"Sort by one of {', '.join(sorts)}")
        return sort

    return known


Sort = Annotated[
    str, AfterValidator(one_of(_SORTS)), WithJsonSchema({"type": "string", "enum": list(_SORTS)})
]


class Page(Schema):
    """A part of a list."""

    limit: int = Field(100, ge=1, le=MOST_ROWS, description="Rows in one reply, also of a CSV")
    cursor: str | None = Field(None, max_length=1_000, description="The `next_cursor` of the page before")
    format: Format | None = Field(None, description="Goes before the Accept header")


class MethodPage(Page):
    method: Annotated[str | None, AfterValidator(_known_method)] = Field(
        None, max_length=50, pattern=TEXT, description=_METHOD
    )


class Narrowed(Schema):
    """Which validators, by which method."""

    method: Annotated[str | None, AfterValidator(_known_method)] = Field(
        None, max_length=50, pattern=TEXT, description=_METHOD
    )
    search: str = Field(
        "", max_length=100, pattern=TEXT, description="Part of a name, vote account or identity"
    )
    min_stake: int | None = Field(None, ge=0, le=LARGEST, description="Lamports, included")
    max_commission: float | None = Field(
        None, ge=0, le=1, allow_inf_nan=False, description="A fraction, included: 0.05 is 5 %"
    )
    min_score: float | None = Field(None, ge=0, le=100, allow_inf_nan=False, description="0 to 100, included")
    client: str = Field("", max_length=30, pattern=TEXT, description="Which program it runs, in full: agave")
    version: str = Field("", max_length=40, pattern=TEXT, description="Which version it runs, in full: 2.3.7")
    delinquent: bool | None = Field(None, description="Only those that are, or are not")
    superminority: bool | None = Field(None, description="Only those within it, or outside")


class ValidatorQuery(Narrowed, Page):
    """Which validators, and in what order."""

    sort: Sort = Field(DEFAULT_SORT, description="`-` before it turns it round; unknown values come last")
    left: bool = Field(False, description="Those that left the cluster instead of those in it")


class KeyPlace(BaseModel):
    """Where a page of rows ended that come by falling number."""

    key: int = Field(ge=0, le=LARGEST)


class StandingPlace(BaseModel):
    """Where a page of validators ended, and in which order and by which scores."""

    sort: str
    run: int | None = Field(ge=1, le=LARGEST)
    value: (
        Annotated[int, Field(ge=-LARGEST, le=LARGEST, strict=True)]
        | Annotated[float, Field(allow_inf_nan=False, strict=True)]
        | Annotated[str, Field(max_length=300, pattern=TEXT, strict=True)]
        | None
    )
    stake: int = Field(ge=0, le=LARGEST)
    key: int = Field(ge=1, le=LARGEST)
