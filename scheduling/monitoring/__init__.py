"""Whether all is well: the verdict, the figures behind it, metrics, and alerts with their delivery.

`readiness` judges, `overview` and `metrics` show figures, `status` sums up for pages, `alerts` tells people;
nothing here changes a job or a run, except by asking for an alert's delivery. Start with `readiness`.
"""
