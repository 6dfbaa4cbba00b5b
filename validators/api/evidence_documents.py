"""What callers get of what a validator has in common with others."""

from ninja import Schema
from pydantic import Field

from validators.api import words


class EvidenceDocument(Schema):
    """What a validator has in common with others, and whether that makes them one operator's."""

    common: words.EvidenceCommon = Field(description="What it is")
    strength: words.EvidenceStrength = Field(description="How much it says")
    shared: str = Field(
        description="The key, the address, or what of a name tells it from others, which is never trusted"
    )
    others: int = Field(description="With how many others it is shared")
    vote_accounts: list[str] = Field(description="Of these the twenty with the most stake")
