"""Refitting trust-v2's coefficients: offline, deterministic, in plain Python. Pure."""
