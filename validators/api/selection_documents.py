"""What callers get of a selection, as OpenAPI shows it."""

from ninja import Schema
from pydantic import Field

from validators.api import words
from validators.api.documents import NAME_MARK, ScoredEnvelope


class SelectedDocument(Schema):
    """One that is to be held, or no longer."""

    vote_account: str = Field(description="Base58; the validator's key")
    name: str | None = Field(description="What it calls itself; never trusted")
    name_mark: words.NameMark | None = Field(description=NAME_MARK)
    action: words.SelectionAction = Field(description="stays and enters are to be held")
    place: int | None = Field(description="Among those asked for, 1 is the best; null if none of them")
    rank: int | None = Field(description="Among all; equals share a rank")
    score: float | None = Field(description="0 to 100; null where it was not scored")
    why: str = Field(description="The reason for `action`, for people")
    capped_by: words.CappedBy | None = Field(description="Which cap keeps it out; null where none does")
    capped_group: str | None = Field(
        description="The group of it that is full: an operator's withdraw authority, a network, a country, a "
        "client, or a stake pool's address"
    )


class CapDocument(Schema):
    """A cap as it was applied."""

    by: words.CappedBy = Field(description="What groups are made by")
    most: int = Field(description="How many validators of one group are let in; a share is of `size`")
    unknown: int = Field(
        description="Of those asked for, how many have a group that nobody knows; these are not capped"
    )


class SelectionReply(ScoredEnvelope):
    """What to hold, whole."""

    doubt: str | None = Field(
        description="Why nothing is to be moved by this now, for people: more than a third of the stake is "
        "delinquent, and who leaves for that may be as good as ever; null where nothing speaks against it"
    )
    caps: list[CapDocument] = Field(description="In the order in which they were asked for")
    items: list[SelectedDocument] = Field(description="Those that stay, enter, leave, and are passed over")
    next_cursor: str | None = Field(description="Always null: a selection comes whole")
