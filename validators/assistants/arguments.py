"""What each tool takes: the words, units and bounds of the API, with less in one answer."""

from typing import Annotated, ClassVar, Final

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from validators.api.event_parameters import Wanted
from validators.api.parameters import LARGEST, Narrowed, Sort, one_of
from validators.api.several import BASE58, Caps, Keys
from validators.reading.caps import CAPPED_BY, GRAMMAR
from validators.reading.standings import DEFAULT_SORT
from validators.scoring.registry import METHODS
from validators.scoring.selection import BAND, WIDEST_BAND
from validators.solana.versions import Client

# An assistant reads all that it is told: one validator is some 2,000 characters.
MOST_FOUND: Final = 50
MOST_COMPARED: Final = 10
MOST_EVENTS: Final = 200
MOST_EPOCHS: Final = 30
MOST_SELECTED: Final = 100
MOST_HELD: Final = 100


# An older method that scores are still stored of is the API's to tell.
MethodName = Annotated[
    str | None,
    AfterValidator(one_of(METHODS, "scoring method")),
    WithJsonSchema({"type": "string", "enum": list(METHODS)}),
]
ClientName = Annotated[
    str,
    AfterValidator(one_of(list(Client), "client")),
    WithJsonSchema({"type": "string", "enum": list(Client)}),
]
Key = Annotated[str, Field(pattern=BASE58)]
VoteAccount = Annotated[
    str, Field(pattern=BASE58, description="The validator's key, base58; find_validators finds it by a name")
]
Cursor = Annotated[
    str | None,
    Field(max_length=1_000, description="The `next_cursor` of the answer before, for what follows"),
]
_BY: Final = "Whose scores; left out, the headline method's"


class Arguments(Schema):
    """Of a tool; a word that it does not know is refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


class _Narrowed(Narrowed, Arguments):
    method: MethodName = Field(None, description=_BY)
    client: ClientName = Field("", description="The program that it runs; left out, any")


class FindArguments(_Narrowed):
    vote_account: Keys = Field([], description="These validators alone, up to 200 keys")
    identity: Keys = Field([], description="Those of these nodes alone, up to 200 keys")
    epoch: int | None = Field(
        None, ge=0, le=LARGEST, description="As this earlier epoch left them; left out, as they are now"
    )
    sort: Sort = Field(DEFAULT_SORT, description="`-` before it turns it round; unknown values come last")
    left: bool | None = Field(None, description="true: those that left the cluster; left out, those in it")
    limit: int = Field(10, ge=1, le=MOST_FOUND, description="How many in one answer")
    cursor: Cursor = None


class ValidatorArguments(Arguments):
    vote_account: VoteAccount
    method: MethodName = Field(None, description=_BY)
    epochs: int = Field(5, ge=0, le=MOST_EPOCHS, description="How many of its newest epochs are told as well")


class ScoreArguments(Arguments):
    vote_account: VoteAccount
    method: MethodName = Field(None, description=_BY)


class CompareArguments(Arguments):
    vote_account: list[Key] = Field(
        min_length=2, max_length=MOST_COMPARED, description="Two to ten validators' keys"
    )
    method: MethodName = Field(None, description=_BY)


class ChangesArguments(Wanted, Arguments):
    limit: int = Field(50, ge=1, le=MOST_EVENTS, description="How many in one answer, oldest first")


class SelectionArguments(_Narrowed):
    size: int = Field(20, ge=1, le=MOST_SELECTED, description="How many validators to hold")
    held: list[Key] = Field([], max_length=MOST_HELD, description="Vote accounts held now")
    band: float = Field(
        BAND, ge=1, le=WIDEST_BAND, allow_inf_nan=False, description="Held ones stay up to place size x band"
    )
    cap: Caps = Field([], description=f"At most so many of one group, by {', '.join(CAPPED_BY)}: {GRAMMAR}")
