"""Scoring methods, their back-test and their fitting: pure arithmetic on plain facts.

No database, clock, setting or network is ever touched here, and no formula of a score stands elsewhere.
Start with `registry`, then `facts` for what a method is given.
"""
