"""A JSON-RPC server for trials and tests: a seeded cluster, or recorded replies, with faults on demand.

It knows nothing of the rest of this project, so that a mistake there is not repeated here.
Start with `world`, then `cluster`, then `methods`.
"""
