"""Every function of this app that a row or a message calls by its dotted path; so this file never moves.

What they do stands in the rooms; a path that an older version stored is led here by
`scheduling.models.paths`.
"""

from scheduling.engine.execution import execute_run
from scheduling.ledger.retention import clean_up
from scheduling.monitoring.alert_delivery import send_chat, send_email, send_webhook

__all__ = ["clean_up", "execute_run", "send_chat", "send_email", "send_webhook"]
