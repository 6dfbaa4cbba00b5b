"""What was heard of a request so far, and whether it is whole. Pure."""

import re
from typing import Final

from staking_project.front.sizes import LARGEST_BODY

# More than gunicorn's own limits of an address and of fields let through.
LONGEST_HEAD: Final = 64 * 1024
_END: Final = b"\r\n\r\n"
_LENGTHS: Final = re.compile(rb"\r\ncontent-length:([^\r\n]*)(?=\r\n)", re.IGNORECASE)
_DIGITS: Final = re.compile(rb"[ \t]*0*([0-9]{1,18})[ \t]*")
_ENCODED: Final = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECTS: Final = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
# What must be answered at once whatever else is asked for, and takes no time.
_URGENT: Final = (b"GET /healthz ", b"HEAD /healthz ")


class Heard:
    """A request as it comes in. Its head is looked at once, however slowly the rest comes.

    `lacks` is how many bytes are to come, None while the head does not say. 0 is also what gunicorn or the
    project refuse by the head alone: a head or body that is too long, or a body of no length, which no view
    of ours reads. `is_wrong` says that nobody can tell how long its body is.
    """

    def __init__(self, first: bytes = b"") -> None:
        self.bytes = bytearray()
        self.lacks: int | None = None
        self._body = 0
        self.is_wrong = self.is_encoded = self.is_too_long = self.expects = False
        self.hear(first)

    def hear(self, more: bytes) -> None:
        searched = max(0, len(self.bytes) - len(_END) + 1)
        self.bytes += more
        if self.lacks is not None:
            self.lacks = max(0, self.lacks - len(more))
            return
        end = self.bytes.find(_END, searched)
        if end >= 0:
            self._read_head(end + len(_END))
        elif len(self.bytes) > LONGEST_HEAD:
            self.lacks, self.is_too_long = 0, True

    @property
    def is_urgent(self) -> bool:
        return self.bytes.startswith(_URGENT) and not self._body

    @property
    def is_heard_out(self) -> bool:
        """Whether its body, if it has one, is all here."""
        return self.lacks == 0 and not (self.is_encoded or self.is_too_long)

    def _read_head(self, end: int) -> None:
        head = bytes(self.bytes[:end])
        said = _LENGTHS.findall(head)
        found = _DIGITS.fullmatch(said[0]) if said else None
        self.is_wrong = len(said) > 1 or bool(said and not found)
        self.is_encoded = bool(_ENCODED.search(head))
        self.expects = bool(_EXPECTS.search(head))
        self._body = int(found[1]) if found else 0
        self.is_too_long = self._body > LARGEST_BODY
        self.lacks = 0 if self.is_too_long or self.is_wrong else max(0, end + self._body - len(self.bytes))
