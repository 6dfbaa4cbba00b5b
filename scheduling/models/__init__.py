"""The rows of scheduling: jobs and their runs, alerts, tokens, and the paths of tasks that rows store.

What a row means and the constraints that keep it true live here; never a query that only one caller asks.
Start with `jobs`. Django looks for models in this module, so here alone a room's names are offered again.
"""

from scheduling.models.actions import Action
from scheduling.models.alerts import Alert, AlertRound
from scheduling.models.jobs import CatchUp, Job, JobChange, Overlap
from scheduling.models.runs import (
    ASKED_FOR,
    ON_THEIR_OWN,
    OPEN_STATES,
    UNDONE_STATES,
    Run,
    RunState,
    RunTally,
    RunTrigger,
    run_name,
)
from scheduling.models.tokens import ApiToken

__all__ = [
    "ASKED_FOR",
    "ON_THEIR_OWN",
    "OPEN_STATES",
    "UNDONE_STATES",
    "Action",
    "Alert",
    "AlertRound",
    "ApiToken",
    "CatchUp",
    "Job",
    "JobChange",
    "Overlap",
    "Run",
    "RunState",
    "RunTally",
    "RunTrigger",
    "run_name",
]
