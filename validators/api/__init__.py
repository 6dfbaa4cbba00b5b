"""What the API says of validators, their scores and the cluster.

Parameters, documents and routes live here; how replies, errors and cursors look is `scheduling.api`, and
every query is one of `reading`. Start with `routes`.
"""
