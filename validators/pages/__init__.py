"""The public pages: the list, a validator, comparisons, the cluster.

Views and what only one page shows live here; a query that the API asks too is one of `reading`, a formula one
of `scoring` or `solana`. Start with `views`.
"""
