"""What callers may ask for, with bounds that every database can hold."""

from collections.abc import Callable, Collection
from typing import Annotated, Final

from ninja import Path, Query, Schema
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from scheduling.api.replies import Format
from scheduling.api.unknown import there_is_no
from validators.api.several import BASE58, Flags, Include, Keys
from validators.models import ScoringRun
from validators.models.validators import PUBKEY_LENGTH
from validators.reading.groups import group_key
from validators.reading.standings import DEFAULT_SORT, MOST_ROWS, SORT_FIELDS
from validators.scoring.registry import METHODS

LARGEST: Final = 2**63 - 1
# Text without NUL, which PostgreSQL cannot hold.
TEXT: Final = r"^[^\x00]*$"

_METHOD: Final = (
    f"Today one of {', '.join(METHODS)}, also an older one with stored scores. Default: the headline one"
)

VoteAccount = Annotated[str, Path(pattern=BASE58, description="The validator's key, Base58")]


def _known_method(name: str | None) -> str | None:
    """Let pass a method that there is, or was when scores were stored."""
    if (
        name is not None
        and name not in METHODS
        and not ScoringRun.objects.told().filter(method=name).exists()
    ):
        raise ValueError(there_is_no(name, METHODS, kind="scoring method"))
    return name


MethodName = Annotated[str | None, AfterValidator(_known_method)]
Method = Annotated[
    str | None,
    Query(max_length=50, pattern=TEXT, description=_METHOD),
    AfterValidator(_known_method),
]
_SORTS: Final = tuple(name for key in SORT_FIELDS for name in (key, f"-{key}"))


def one_of(words: Collection[str], kind: str) -> Callable[[str], str]:
    """Let pass a word of a closed set; who uses another one is told which there are."""

    def known(word: str) -> str:
        if word not in words:
            raise ValueError(there_is_no(word, words, kind=kind))
        return word

    return known


Sort = Annotated[
    str, AfterValidator(one_of(_SORTS, "order")), WithJsonSchema({"type": "string", "enum": list(_SORTS)})
]


class Formatted(Schema):
    """A list that comes whole."""

    format: Format | None = Field(None, description="Goes before the Accept header")


class Page(Schema):
    """A part of a list."""

    limit: int = Field(100, ge=1, le=MOST_ROWS, description="Rows in one reply, also of a CSV")
    cursor: str | None = Field(None, max_length=1_000, description="The `next_cursor` of the page before")
    format: Format | None = Field(None, description="Goes before the Accept header")


class MethodPage(Page):
    method: MethodName = Field(None, max_length=50, pattern=TEXT, description=_METHOD)


def _a_fraction(commission: float | None) -> float | None:
    """Who thinks of percent would be answered with everything."""
    if commission is not None and commission > 1:
        raise ValueError(f"it is a fraction: {commission / 100:g} for {commission:g} %")
    return commission


class Narrowed(Schema):
    """Which validators, by which method. `pages.narrowing` refuses the words that nobody has."""

    method: MethodName = Field(None, max_length=50, pattern=TEXT, description=_METHOD)
    search: str = Field(
        "", max_length=100, pattern=TEXT, description="Part of a name, vote account or identity"
    )
    min_stake: int | None = Field(
        None,
        ge=0,
        le=LARGEST,
        description="Lamports, 1000000000 to a SOL; those with exactly so much are among them. On pages: "
        "min_stake_sol",
    )
    max_commission: Annotated[float | None, AfterValidator(_a_fraction)] = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="A fraction: 0.05 for 5 %; those with exactly so much are among them, those of whom it "
        "is unknown are not. On pages: max_commission_percent",
        json_schema_extra={"maximum": 1},
    )
    max_mev_commission: Annotated[float | None, AfterValidator(_a_fraction)] = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="The same of what it keeps of tips; those without a tip account are not among them. On "
        "pages: max_mev_commission_percent",
        json_schema_extra={"maximum": 1},
    )
    min_total_apy: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="A fraction: 0.06 for 6 %; those of whom a part of it is unknown are not among them. On "
        "pages: min_total_apy_percent",
    )
    min_score: float | None = Field(
        None,
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="0 to 100; those with exactly so much are among them",
    )
    client: str = Field(
        "", max_length=30, pattern=TEXT, description="As `client` says it, such as agave; empty for any"
    )
    version: str = Field(
        "",
        max_length=40,
        pattern=TEXT,
        examples=["4.2.1"],
        description="As `version` says it of a validator, such as 4.2.1; empty for any",
    )
    network: Annotated[str, AfterValidator(group_key)] = Field(
        "",
        max_length=43,
        pattern=TEXT,
        description="As `network` says it: AS64496, or without a database 192.0.2.0/24; empty for any",
    )
    country: Annotated[str, AfterValidator(group_key)] = Field(
        "", max_length=2, pattern=TEXT, description="As `country` says it, such as DE; empty for any"
    )
    operator: str = Field("", max_length=44, pattern=TEXT, description="As `operator` says it; empty for any")
    delinquent: bool | None = Field(
        None, description="true: those delinquent; false: those voting. On pages: voting, no and yes"
    )
    superminority: bool | None = Field(
        None, description="true: those in the superminority; false: those outside"
    )
    flagged: bool | None = Field(
        None,
        description="false: those without any flag, or without those that `flag` names; true: those with one",
    )
    flag: Flags = Field([], description="Those with any of these flags; several with commas, or repeated")


class ValidatorQuery(Narrowed, Page):
    """Which validators, and in what order."""

    vote_account: Keys = Field(
        [],
        description="These alone, up to 200: with commas between, or repeated. One reply holds all of them "
        "unless `limit` is given; `unknown` names those that no fetch ever saw",
    )
    identity: Keys = Field(
        [],
        description="Those whose node key it is now, up to 200: with commas between, or repeated; `unknown` "
        "names those that nobody has",
    )
    epoch: int | None = Field(
        None,
        ge=0,
        le=LARGEST,
        description="The list as this epoch left it, of what is stored of it; 404 for one that is not stored",
    )
    include: Include = Field(
        [],
        description="What else is told of each: parts (of its score), risk (in words), pools (that stake "
        "with it), epochs:N (the newest N, up to 100); with commas between, or repeated. Up to 200 rows then",
    )
    sort: Sort = Field(DEFAULT_SORT, description="`-` before it turns it round; unknown values come last")
    left: bool | None = Field(
        None,
        description="true: those that left the cluster; false: those in it, which is the default unless "
        "`vote_account` or `identity` names whom",
    )

    @property
    def rows(self) -> int:
        """Whoever names a hundred and fifty is not told of a hundred, unless he says so."""
        if "limit" in self.model_fields_set:
            return self.limit
        return max(self.limit, len(self.vote_account), len(self.identity))


class DetailQuery(Schema):
    """What is told of one validator, and by which method."""

    method: MethodName = Field(None, max_length=50, pattern=TEXT, description="Default: the headline method")
    include: Include = Field(
        [],
        description="What else is told: parts (of its score), risk (in words), pools (that stake with it), "
        "epochs:N (the newest N, up to 100); with commas between, or repeated",
    )


class StandingPlace(BaseModel):
    """Where a page of validators ended, and in which order and by which scores."""

    sort: str
    run: int | None = Field(ge=1, le=LARGEST)
    epoch: int | None = Field(None, ge=0, le=LARGEST)
    value: (
        Annotated[int, Field(ge=-LARGEST, le=LARGEST, strict=True)]
        | Annotated[float, Field(allow_inf_nan=False, strict=True)]
        | Annotated[str, Field(max_length=300, pattern=TEXT, strict=True)]
        | None
    )
    stake: int = Field(ge=0, le=LARGEST)
    # None in those that were given out while a key of the database stood here.
    account: str | None = Field(None, max_length=PUBKEY_LENGTH, pattern=TEXT)
