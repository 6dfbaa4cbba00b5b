"""Refitting trust-v2's coefficients: offline, deterministic, in plain Python.

No score is ever computed from here at run time. Start with `trust_v2`.
"""
