"""One node: how far behind it sees its chain, what it refuses, and how it damages what it says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.validators.nodes.chain import Chain, Params
from validators.simulator.clock import Moment
from validators.simulator.jsonrpc import RpcError

EVERYTHING = "every method"

# (chain, method, moment, true result) -> what is said instead.
Damage = Callable[[Chain, str, Moment, Any], Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Instead of a result: an HTTP status, or the code of a JSON-RPC error under status 200."""

    status: int = 200
    code: int | None = None
    message: str = ""
    details: dict[str, Any] | None = None
    # Half a body under the length of the whole, then the end.
    cut: bool = False


FORBIDDEN = Refusal(status=403)
GONE = Refusal(status=410)
THROTTLED = Refusal(status=429)
BROKEN = Refusal(status=500)
THROTTLED_INSIDE = Refusal(code=429, message="Too many requests for a specific RPC call")
THROTTLED_INSIDE_TOO = Refusal(code=-32429, message="rate limited")
BEHIND = Refusal(code=-32005, message="Node is behind by 142 slots", details={"numSlotsBehind": 142})
NO_SUCH_METHOD = Refusal(code=-32601, message="Method not found")
CUT = Refusal(cut=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node says: a result of a moment, or a refusal. An honest one is the truth of that moment."""

    moment: Moment
    result: Any = None
    refusal: Refusal | None = None
    honest: bool = True


@dataclass(slots=True, kw_only=True)
class Node:
    """A node's sight of its chain; everything may be changed between two questions.

    `lag` is in slots and holds for every method that `lags` does not name; less than 0 is ahead.
    `stands_at` is where everything stands still, `stands` where one method's answers do.
    """

    name: str
    chain: Chain
    lag: int = 0
    lags: dict[str, int] = field(default_factory=dict)
    stands_at: Moment | None = None
    stands: dict[str, Moment] = field(default_factory=dict)
    damages: list[Damage] = field(default_factory=list)
    refusals: dict[str, Refusal] = field(default_factory=dict)

    def moment(self, method: str) -> Moment:
        stands_at = self.stands.get(method, self.stands_at)
        if stands_at is not None:
            return stands_at
        return self.chain.moment(lag=self.lags.get(method, self.lag))

    def answer(self, method: str, params: Params) -> Answer:
        moment = self.moment(method)
        refusal = self.refusals.get(method, self.refusals.get(EVERYTHING))
        if refusal is not None:
            return Answer(moment, refusal=refusal)
        try:
            true = said = self.chain.says(method, params, moment)
        except RpcError as error:
            return Answer(moment, refusal=Refusal(code=error.code, message=error.message))
        for damage in self.damages:
            said = damage(self.chain, method, moment, said)
        return Answer(moment, said, honest=said == true)

    def stand_still(self) -> None:
        """From now on it says what it says now."""
        self.stands_at = self.chain.moment(lag=self.lag)

    def recover(self) -> None:
        """From now on it is a good node."""
        self.lag, self.stands_at = 0, None
        for spell in (self.lags, self.stands, self.damages, self.refusals):
            spell.clear()
