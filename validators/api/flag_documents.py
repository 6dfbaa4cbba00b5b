"""What is told of a validator beforehand, as OpenAPI shows it."""

from ninja import Schema
from pydantic import Field

from validators.reading.flags import FlagCode


class FlagDocument(Schema):
    """What a delegator should know of a validator; the glossary says what each code means."""

    code: FlagCode = Field(description="What it is, for programs; codes are never renamed")
    epoch: int | None = Field(
        description="The epoch that shows it or, of an admission, that it is about. Of a commission the "
        "newest. Null where nothing stored tells it any more, and of names"
    )
    since_epoch: int | None = Field(
        description="Of commissions the epoch of the value before, or the first above 50 %; of the "
        "superminority the first in a row that is known, of the newest 100: where there are more, it may be "
        "longer, and `sentence` says at least. Null elsewhere"
    )
    from_: float | None = Field(
        alias="from", description="The commission before, a fraction; null above 50 % and of all else"
    )
    to: float | None = Field(
        description="The highest commission of it, of tips too, a fraction; null of all else"
    )
    sentence: str = Field(description="The same for people, with its epochs and percents")
