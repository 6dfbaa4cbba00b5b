"""Everything that writes to this app's tables.

Each service is safe to repeat and stores all or nothing; the network is asked before, never within, a
transaction. Start with `fetching`, which the fetch task calls.
"""
