"""What happened, epoch by epoch and event by event, and where the numbers come from."""

from django.contrib import admin
from django.utils.text import Truncator

from scheduling.admin.history import HistoryAdmin, ReadOnlyAdmin
from validators.admin.validators import NAME_LENGTH
from validators.models import (
    ChainState,
    ClusterEpoch,
    CommissionChange,
    DelinquencyIncident,
    Fetch,
    IdentityChange,
    SourceState,
    ValidatorEpoch,
    ValidatorEvent,
    VoteState,
)
from validators.reading.events import sentence
from validators.templatetags.units import bps_percent, sol


class OfValidators(HistoryAdmin):
    """Rows of single validators, found by the vote account."""

    list_select_related = ("validator",)
    search_fields = ("validator__vote_account__exact",)
    search_help_text = "A whole vote account"


@admin.register(ValidatorEpoch)
class ValidatorEpochAdmin(OfValidators):
    """What each validator did in each epoch."""

    list_display = (
        *("epoch", "validator", "credits", "credits_final", "credits_unit"),
        *("stake", "commission", "fetched_at"),
    )

    @admin.display(description="stake (SOL)")
    def stake(self, row: ValidatorEpoch) -> str:
        return sol(row.activated_stake)

    @admin.display(description="commission")
    def commission(self, row: ValidatorEpoch) -> str:
        return bps_percent(row.commission_last_bps)


@admin.register(CommissionChange)
class CommissionChangeAdmin(OfValidators):
    """Every commission that changed from one fetch to the next, and those that imported histories tell of."""

    list_display = ("epoch", "validator", "before", "after", "seen_at", "confirmed_at", "source")

    @admin.display(description="from")
    def before(self, change: CommissionChange) -> str:
        return bps_percent(change.from_bps)

    @admin.display(description="to")
    def after(self, change: CommissionChange) -> str:
        return bps_percent(change.to_bps)


@admin.register(IdentityChange)
class IdentityChangeAdmin(OfValidators):
    """Every vote account that another node votes for since."""

    list_display = ("seen_at", "validator", "from_identity", "to_identity", "epoch")


@admin.register(DelinquencyIncident)
class DelinquencyIncidentAdmin(OfValidators):
    """Times in which every fetch saw a validator delinquent."""

    list_display = ("started_at", "ended_at", "validator", "start_epoch", "fetches")


@admin.register(ValidatorEvent)
class ValidatorEventAdmin(OfValidators):
    """What changed, as the API, its stream and subscriptions tell it."""

    list_display = ("number", "at", "kind", "validator", "said", "epoch")
    list_filter = ("kind",)

    @admin.display(description="what happened")
    def said(self, event: ValidatorEvent) -> str:
        return sentence(event)


@admin.register(ClusterEpoch)
class ClusterEpochAdmin(HistoryAdmin):
    """The cluster as a whole, epoch by epoch."""

    list_display = (
        *("epoch", "started_at", "ended_at", "validators", "stake", "superminority_size"),
        *("mean_credits", "credits_unit", "source"),
    )
    ordering = ("-epoch",)

    @admin.display(description="stake (SOL)")
    def stake(self, row: ClusterEpoch) -> str:
        return sol(row.total_stake)


@admin.register(VoteState)
class VoteStateAdmin(HistoryAdmin):
    """Vote accounts as they stand on the chain, and who will be let in."""

    list_display = (
        *("validator", "after_next", "next_epoch", "reason", "epochs_paid", "bls_key", "held"),
        *("state_version", "looked_at"),
    )
    list_filter = ("after_next",)
    list_select_related = ("validator",)

    @admin.display(description="balance (SOL)")
    def held(self, state: VoteState) -> str:
        return sol(state.balance)


@admin.register(ChainState)
class ChainStateAdmin(ReadOnlyAdmin):
    """What the chain last said of itself."""

    list_display = (
        *("genesis_hash", "alpenglow", "alpenglow_epoch", "measured_slot_ms", "rent", "slot", "looked_at"),
    )


@admin.register(SourceState)
class SourceStateAdmin(ReadOnlyAdmin):
    """Where the numbers come from, how old they are, and what went wrong last."""

    list_display = (
        "source",
        "last_success_at",
        "last_attempt_at",
        "unavailable_until",
        "rejected_count",
        "error",
    )

    @admin.display(description="last error")
    def error(self, state: SourceState) -> str:
        return Truncator(state.last_error).chars(NAME_LENGTH)


@admin.register(Fetch)
class FetchAdmin(HistoryAdmin):
    """Each stored look at the cluster."""

    list_display = ("id", "stored_at", "epoch", "validators_total", "stake", "rejected_count", "endpoint")

    @admin.display(description="stake (SOL)")
    def stake(self, fetch: Fetch) -> str:
        return sol(fetch.staked_total)
