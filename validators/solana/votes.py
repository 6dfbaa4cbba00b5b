"""A reply of getVoteAccounts, read in an eighth of the time where it, or a record in it, is nothing odd."""

from collections.abc import Sequence
from typing import Final, Generic, Self, TypeVar

import msgspec
from pydantic import TypeAdapter

from validators.solana.pubkey import are_pubkeys
from validators.solana.quick_reading import plain_answer
from validators.solana.schemas import Record as SentRecord
from validators.solana.schemas import RejectedRecord, Reply, VoteAccount, VoteAccounts, with_whole_characters

Sent = TypeVar("Sent")


class _Records(msgspec.Struct, Generic[Sent], gc=False):
    current: list[Sent]
    delinquent: list[Sent]


class _Answer(msgspec.Struct, Generic[Sent], gc=False):
    """Any other than that of a plain success is for the other reader."""

    id: int
    result: _Records[Sent]
    error: None = None


_WHOLE: Final = msgspec.json.Decoder(_Answer[VoteAccount])
_ANSWER: Final = msgspec.json.Decoder(_Answer[msgspec.Raw])
_ACCOUNT: Final = msgspec.json.Decoder(VoteAccount)
_SENT: Final[TypeAdapter[VoteAccount | RejectedRecord]] = TypeAdapter(SentRecord)


class VotesReply(Reply[VoteAccounts]):
    """The whole of it."""

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Raises a ValidationError."""
        # Record by record where something is odd, maybe in one alone.
        answer = _plain(body) or _sorted_out(body)
        if answer is None:
            return super().read(body)
        votes = VoteAccounts.model_construct(
            current=answer.result.current, delinquent=answer.result.delinquent
        )
        return cls.model_construct(id=answer.id, result=votes)


def _plain(body: bytes) -> _Answer[VoteAccount] | None:
    answer = plain_answer(_WHOLE, body)
    if answer is None or not _are_plain([*answer.result.current, *answer.result.delinquent]):
        return None
    return answer


def _sorted_out(body: bytes) -> _Answer[VoteAccount | RejectedRecord] | None:
    answer = plain_answer(_ANSWER, body)
    if answer is None:
        return None
    sent = answer.result
    return _Answer(answer.id, _Records(list(map(_record, sent.current)), list(map(_record, sent.delinquent))))


def _record(sent: msgspec.Raw) -> VoteAccount | RejectedRecord:
    try:
        account = _ACCOUNT.decode(sent)
    except msgspec.MsgspecError:
        return _SENT.validate_json(with_whole_characters(bytes(sent)))
    return account if _are_plain([account]) else _SENT.validate_json(with_whole_characters(bytes(sent)))


def _are_plain(accounts: Sequence[VoteAccount]) -> bool:
    """Whether what no bound could tell is as it should be: the keys, and that there is a commission."""
    return (
        are_pubkeys([one.vote_account for one in accounts])
        and are_pubkeys([one.identity for one in accounts])
        and all(one.sent_bps is not None or one.commission_percent is not None for one in accounts)
    )
