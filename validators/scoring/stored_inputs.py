"""The facts that a run was given, as bytes that give them back exactly. Pure.

Compressed JSON, and behind it the columns of the pasts that are lists of floats, in binary: as text
they would take most of the time. A column that holds one value throughout, as most do, is that value.
"""

import sys
import zlib
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import msgspec
from pydantic_core import from_json

from validators.scoring.facts import ClusterFacts, EpochFacts, Past, ValidatorFacts

FORMAT: Final = 5
# 4 is without who could not vote, which nobody is then; 3 also without prefixes, 2 also without the stake of
# each epoch, how it ended, and who is left out of the next, which are unknown then.
OLDER_FORMATS: Final = frozenset({2, 3, 4})
OLD_WORD_UNTIL: Final = 3
# Until format 3 the word was `true`, which a column that is true throughout could be taken for.
FLOATS_FOLLOW: Final = "floats"
# Eight bytes each, least significant first.
FLOATS: Final = "d"
LENGTH_BYTES: Final = 8
# Level 1 takes a quarter of the default's time for a tenth more bytes.
COMPRESSION: Final = 1
# So many validators are made text of together.
AT_ONCE: Final = 1_000


def packed(cluster: ClusterFacts) -> bytes:
    """The same facts give the same bytes."""
    narrowing = _Narrowing()
    head = {
        "format": FORMAT,
        "fetch_id": cluster.fetch_id,
        "epoch": cluster.epoch,
        "progress": cluster.progress,
        "skip_rates": None if cluster.skip_rates is None else sorted(cluster.skip_rates.items()),
        "validators": [],
    }
    # In parts: the text of twenty thousand pasts would be larger than they are.
    stream = zlib.compressobj(COMPRESSION)
    text = [stream.compress(msgspec.json.encode(head)[: -len(b"]}")])]
    for start in range(0, len(cluster.validators), AT_ONCE):
        some = [_values(one, narrowing) for one in cluster.validators[start : start + AT_ONCE]]
        text.append(stream.compress((b"," if start else b"") + msgspec.json.encode(some)[1:-1]))
    text.append(stream.compress(b"]}") + stream.flush())
    if sys.byteorder == "big":
        narrowing.floats.byteswap()
    return b"".join((sum(map(len, text)).to_bytes(LENGTH_BYTES, "little"), *text, narrowing.floats.tobytes()))


def _values(one: ValidatorFacts, narrowing: "_Narrowing") -> tuple[Any, ...]:
    return (
        one.pk,
        one.vote_account,
        one.activated_stake,
        one.commission_bps,
        one.delinquent,
        one.version,
        one.epochs,
        len(one.past.epochs),
        [narrowing.of(column) for column in one.past],
        one.left_out,
        one.could_not_vote,
    )


def unpacked(body: bytes) -> ClusterFacts:
    """The facts in the bytes of `packed`. Raises ValueError for other bytes."""
    end = LENGTH_BYTES + int.from_bytes(body[:LENGTH_BYTES], "little")
    floats = array(FLOATS)
    try:
        document = from_json(zlib.decompress(body[LENGTH_BYTES:end]))
        floats.frombytes(body[end:])
    except (zlib.error, ValueError) as exc:
        raise ValueError(f"not the inputs of a scoring run: {exc}") from exc
    if sys.byteorder == "big":
        floats.byteswap()
    if document["format"] != FORMAT and document["format"] not in OLDER_FORMATS:
        raise ValueError(f"inputs of format {document['format']}, and this version reads {FORMAT}")
    skip_rates = document["skip_rates"]
    stream = iter(floats)
    old_word = document["format"] <= OLD_WORD_UNTIL
    return ClusterFacts(
        document["fetch_id"],
        document["epoch"],
        document["progress"],
        [_validator(stream, old_word, *fields) for fields in document["validators"]],
        None if skip_rates is None else dict(map(tuple, skip_rates)),
    )


def _validator(
    floats: Iterator[float],
    old_word: bool,
    pk: int,
    vote_account: str,
    stake: int,
    bps: int | None,
    delinquent: bool,
    version: str,
    epochs: Sequence[Sequence[Any]],
    length: int,
    columns: Sequence[Any],
    left_out: bool = False,
    could_not_vote: bool = False,
) -> ValidatorFacts:
    if old_word:
        columns = [FLOATS_FOLLOW if column is True else column for column in columns]
    unknown = [None] * (len(Past._fields) - len(columns))
    past = Past(*(_widened(column, length, floats) for column in (*columns, *unknown)))
    facts = [EpochFacts(*row) for row in epochs]
    return ValidatorFacts(
        pk, vote_account, stake, bps, delinquent, facts, version, past, left_out, could_not_vote
    )


class _Narrowing:
    """Columns made narrow one after the other; the `floats` that go behind the text are gathered."""

    def __init__(self) -> None:
        self.floats = array(FLOATS)
        # By the identity of a column, which lives as long as the facts do.
        self._kept: dict[int, Any] = {}

    def of(self, column: Sequence[Any]) -> Any:
        """A column that many validators share, and that leaves no floats, is looked at once."""
        found = self._kept.get(id(column), self)
        if found is self:
            before = len(self.floats)
            found = _narrowed(column, self.floats)
            if len(self.floats) == before:
                self._kept[id(column)] = found
        return found


def _narrowed(column: Sequence[Any], floats: "array[float]") -> Any:
    """The one value, or the list, or the word for the next floats behind the text.

    Of a column that nothing is known of from some epoch on, an object: how many are, and those narrowed.
    """
    if not column:
        return column
    first, last = column[0], column[-1]
    if last is None and first is not None:
        known = column[: len(column) - column.count(None)]
        if None not in known:
            return {"known": len(known), "as": _narrowed(known, floats)}
    # Only where both ends are the same may all of it be.
    if first == last and column.count(first) == len(column):
        return first
    if isinstance(first, float):
        try:
            # Asking first whether one is unknown would take as long again.
            floats.extend(array(FLOATS, column))
        except TypeError:
            return column
        return FLOATS_FOLLOW
    return column


def _widened(column: Any, length: int, floats: Iterator[float]) -> tuple[Any, ...]:
    if isinstance(column, dict):
        known: int = column["known"]
        return (*_widened(column["as"], known, floats), *(None,) * (length - known))
    if column == FLOATS_FOLLOW:
        return tuple(islice(floats, length))
    return tuple(column) if isinstance(column, list) else (column,) * length
