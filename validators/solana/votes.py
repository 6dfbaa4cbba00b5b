"""A reply of getVoteAccounts, read in a seventh of the time where it, or a record in it, is nothing odd."""

from typing import Final, Self

import msgspec
from pydantic import TypeAdapter

from validators.solana.pubkey import is_pubkey
from validators.solana.quick_reading import plain_answer
from validators.solana.schemas import Record as SentRecord
from validators.solana.schemas import RejectedRecord, Reply, VoteAccount, VoteAccounts, with_whole_characters


class _Records(msgspec.Struct, gc=False):
    current: list[msgspec.Raw]
    delinquent: list[msgspec.Raw]


class _Answer(msgspec.Struct, gc=False):
    """Any other than that of a plain success is for the other reader."""

    id: int
    result: _Records
    error: None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer)
_ACCOUNT: Final = msgspec.json.Decoder(VoteAccount)
_SENT: Final[TypeAdapter[VoteAccount | RejectedRecord]] = TypeAdapter(SentRecord)


class VotesReply(Reply[VoteAccounts]):
    """The whole of it."""

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Raises a ValidationError."""
        answer = plain_answer(_ANSWER, body)
        if answer is None:
            return super().read(body)
        votes = VoteAccounts.model_construct(
            current=list(map(_record, answer.result.current)),
            delinquent=list(map(_record, answer.result.delinquent)),
        )
        return cls.model_construct(id=answer.id, result=votes)


def _record(sent: msgspec.Raw) -> VoteAccount | RejectedRecord:
    try:
        account = _ACCOUNT.decode(sent)
    except msgspec.MsgspecError:
        return _SENT.validate_json(with_whole_characters(bytes(sent)))
    return account if _is_plain(account) else _SENT.validate_json(with_whole_characters(bytes(sent)))


def _is_plain(account: VoteAccount) -> bool:
    """Whether what no bound could tell is as it should be: the keys, and that there is a commission."""
    return (
        is_pubkey(account.vote_account)
        and is_pubkey(account.identity)
        and not (account.sent_bps is None and account.commission_percent is None)
    )
