"""What makes of each occurrence exactly one run, and sees that run to its end.

Dispatcher, claims, leases, recovery, the worker pool and the bell in Redis live here; never what people ask
of the ledger or do to jobs. Start with `dispatcher` for the one half and `execution` for the other.
"""
