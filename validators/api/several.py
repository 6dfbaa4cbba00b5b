"""Parameters that name several validators, flags, or parts of an answer."""

import re
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from scheduling.api.several import one_by_one, words_of
from scheduling.api.unknown import there_is_no
from validators.reading.caps import asked_caps
from validators.reading.flags import FlagCode

BASE58: Final = r"^[0-9A-Za-z]{1,44}$"
# An address holds these and all else (`limit_request_line` of gunicorn_config.py); a body has more room.
MOST_KEYS: Final = 200
# As many as an address holds of them alone.
MOST_HELD: Final = 340
MOST_HELD_IN_BODY: Final = 5_000
MOST_EPOCHS: Final = 100
# Where `include` names no number.
EPOCHS: Final = 10
_INCLUDABLE: Final = ("parts", "risk", "pools", "epochs", f"epochs:1 to epochs:{MOST_EPOCHS}")
_INCLUDED: Final = re.compile(r"parts|risk|pools|epochs(?::(?P<number>[0-9]{1,3}))?")


class Included(NamedTuple):
    """What a reply tells of each validator beside what it always tells; `epochs` is of how many."""

    parts: bool = False
    risk: bool = False
    pools: bool = False
    epochs: int = 0

    @property
    def is_anything(self) -> bool:
        return self != Included()

    @property
    def fields(self) -> list[str]:
        """Of the document, in the order of the columns of a CSV."""
        asked = {
            "parts": self.parts,
            "risk_explained": self.risk,
            "pools": self.pools,
            "epochs": bool(self.epochs),
        }
        return [name for name, wanted in asked.items() if wanted]


def _includable(words: list[str]) -> list[str]:
    for word in words:
        found = _INCLUDED.fullmatch(word)
        number = found["number"] if found else None
        if found is None or (number is not None and not 1 <= int(number) <= MOST_EPOCHS):
            raise ValueError(there_is_no(word, _INCLUDABLE))
    return words


def included(words: list[str]) -> Included:
    """Of words that `Include` let pass."""
    told = [int(word.partition(":")[2] or EPOCHS) for word in words if word.startswith("epochs")]
    named = {word: word in words for word in ("parts", "risk", "pools")}
    return Included(**named, epochs=max(told, default=0))


Keys = Annotated[
    list[Annotated[str, Field(pattern=BASE58)]], BeforeValidator(one_by_one), Field(max_length=MOST_KEYS)
]


def _held(given: Any) -> Any:
    """Who holds nothing yet says so, and is no mistake."""
    return words_of(map(str, given)) if isinstance(given, list) else given


def _caps(words: list[str]) -> list[str]:
    return [str(cap) for cap in asked_caps(words)]


_Held = Annotated[list[Annotated[str, Field(pattern=BASE58)]], BeforeValidator(_held)]
HeldKeys = Annotated[_Held, Field(max_length=MOST_HELD)]
ManyHeldKeys = Annotated[_Held, Field(max_length=MOST_HELD_IN_BODY)]
# A cap is words, and is read again where it is applied: the document of the API shows it as it is written.
Caps = Annotated[list[str], BeforeValidator(_held), AfterValidator(_caps)]
Flags = Annotated[list[FlagCode], BeforeValidator(one_by_one)]
Include = Annotated[list[str], BeforeValidator(one_by_one), AfterValidator(_includable)]
