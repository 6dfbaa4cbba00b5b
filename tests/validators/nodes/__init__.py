"""Addresses behind which nodes answer: each sees a simulated chain in its own way, late, torn or foreign.

What a node says is the chain's truth at some slot unless it is told to lie. Nothing here knows how
the project judges endpoints. Start with `node`, then `address`; `truth` is what to compare with.
"""
