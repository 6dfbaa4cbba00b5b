"""A second reckoning of what policies and the journal asked for, beside what became of it.

It calls nothing by which the dispatcher computes next runs, and writes nothing.
Start with `auditing`.
"""
