"""Reading a reply quickly where nothing about it is odd. Pure.

A quick reader takes only what pydantic's would take, and gives the same: whatever it hesitates at is read
again by that one, which is the judge and finds the words.
"""

from typing import TypeVar

import msgspec

Answer = TypeVar("Answer")


def plain_answer(decoder: msgspec.json.Decoder[Answer], body: bytes) -> Answer | None:
    """The whole answer, records in it maybe still raw; None where the judge has to look."""
    try:
        body.decode()  # what is skipped is not looked at
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
