"""The chain's own accounts as tests of them need them."""

from tests.validators import canned_accounts, raw_accounts
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.replies import EPOCH, SLOTS
from validators.models import ChainState, ClusterEpoch
from validators.solana.features import ADMISSION_FEATURE, ALPENGLOW_FEATURE, CLOCK, SLOT_TIME_FEATURES

MS_350, MS_300, MS_250, MS_200 = SLOT_TIME_FEATURES


def activate(chain: AccountsEndpoint, **slots: int | None) -> None:
    """Feature accounts by name, active since that slot; None is pending."""
    names = {"ms_350": MS_350, "ms_300": MS_300, "ms_250": MS_250, "ms_200": MS_200}
    names |= {"alpenglow": ALPENGLOW_FEATURE, "admission": ADMISSION_FEATURE}
    for name, slot in slots.items():
        chain.accounts[names[name]] = raw_accounts.sent_feature(slot)


def clock(chain: AccountsEndpoint, *, epoch: int = EPOCH, slot: int = 0, pace: float = 0.4) -> None:
    """So many slots into an epoch at this many seconds each."""
    first, began = epoch * SLOTS, canned_accounts.EPOCH_BEGAN
    packed = raw_accounts.clock(slot=first + slot, start=began, epoch=epoch, now=began + round(slot * pace))
    chain.accounts[CLOCK] = raw_accounts.sent_sysvar(packed)


def state() -> ChainState:
    return ChainState.objects.get()


def cluster(epoch: int = EPOCH) -> ClusterEpoch:
    return ClusterEpoch.objects.get(epoch=epoch)
