"""Stake pools, and what each of them stakes with whom."""

from django.contrib import admin

from scheduling.admin.history import HistoryAdmin
from validators.models import PoolStake, StakePool
from validators.templatetags.units import sol


@admin.register(StakePool)
class StakePoolAdmin(HistoryAdmin):
    """Pools as their own accounts told last; those without a look were found by their program."""

    list_display = (
        *("address", "name", "holds", "entries", "strangers", "updated_epoch"),
        *("epoch", "is_there", "looked_at"),
    )
    search_fields = ("address__exact", "name__exact")
    search_help_text = "A whole address or name"

    @admin.display(description="holds (SOL)")
    def holds(self, pool: StakePool) -> str:
        return sol(pool.total_lamports)


@admin.register(PoolStake)
class PoolStakeAdmin(HistoryAdmin):
    """What each pool staked with each validator, epoch by epoch."""

    list_display = ("epoch", "pool", "validator", "staked", "status", "updated_epoch", "looked_at")
    list_select_related = ("validator", "pool")
    search_fields = ("validator__vote_account__exact", "pool__address__exact")
    search_help_text = "A whole vote account, or the address of a pool"

    @admin.display(description="stake (SOL)")
    def staked(self, stake: PoolStake) -> str:
        return sol(stake.active)
