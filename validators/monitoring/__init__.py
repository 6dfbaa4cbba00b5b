"""What of the chain's picture is looked after: its age, alerts, metrics, conditions of jobs, and retention.

The functions that settings name for `scheduling` to call live here; how alerts are told and kept never does.
Start with `readiness`.
"""
