"""An endpoint on loopback that has accounts, of a cluster that runs Alpenglow at 200 ms."""

from typing import Any

from pytest_httpserver import HTTPServer

from tests.validators import raw_accounts, replies
from tests.validators.endpoints import CannedEndpoint
from validators.solana.features import (
    ADMISSION_FEATURE,
    ALPENGLOW_FEATURE,
    CLOCK,
    EPOCH_REWARDS,
    SLOT_TIME_FEATURES,
    STAKE_HISTORY,
)


def runtime_accounts() -> dict[str, Any]:
    """The feature and sysvar accounts in base64: of the features, only the last slot time is pending."""
    *active, pending = SLOT_TIME_FEATURES
    slots = dict(zip((*active, ALPENGLOW_FEATURE, ADMISSION_FEATURE), range(100, 105), strict=True))
    history = [(989, 430, 2, 1), (988, 428, 3, 1)]
    return {
        **{address: raw_accounts.sent_feature(slot) for address, slot in slots.items()},
        pending: raw_accounts.sent_feature(None),
        CLOCK: raw_accounts.sent_sysvar(raw_accounts.clock()),
        EPOCH_REWARDS: raw_accounts.sent_sysvar(raw_accounts.epoch_rewards()),
        STAKE_HISTORY: raw_accounts.sent_sysvar(raw_accounts.stake_history(history)),
    }


class AccountsEndpoint(CannedEndpoint):
    """Answers getMultipleAccounts from `accounts` (base64) or `parsed`, and getAccountInfo from `accounts`.

    Each answer is as of the next of `slots`, and the last of them stays; without any, of the slot that runs.
    """

    def __init__(self, server: HTTPServer, path: str = "/") -> None:
        super().__init__(server, path)
        self.accounts: dict[str, Any] = {}
        self.parsed: dict[str, Any] = {}
        self.slots = [raw_accounts.SLOT]
        self.questions: list[tuple[int, dict[str, Any]]] = []
        self.results = {
            "getAgGenesisCert": {"block": [5, "hash"], "signature": "s"},
            "getMinimumBalanceForRentExemption": raw_accounts.RENT,
            "getGenesisHash": replies.key("genesis"),
        }

    def _result(self, method: str) -> Any:
        if method == "getAccountInfo":
            key, options = self.params[method]
            self.questions.append((1, options))
            account = raw_accounts.cut(self.accounts.get(key), options)
            return {"context": {"slot": self._next_slot()}, "value": account}
        if method != "getMultipleAccounts":
            return super()._result(method)
        keys, options = self.params[method]
        self.questions.append((len(keys), options))
        known = self.parsed if options["encoding"] == "jsonParsed" else self.accounts
        value = [raw_accounts.cut(known.get(key), options) for key in keys]
        return {"context": {"slot": self._next_slot()}, "value": value}

    def _next_slot(self) -> int:
        if not self.slots:
            return self.slot
        return self.slots.pop(0) if len(self.slots) > 1 else self.slots[0]
