"""When a job is due: pure arithmetic on instants, intervals and cron expressions.

Times come in as arguments; no clock, no database and no setting is ever read here. Start with `cadence`.
"""
