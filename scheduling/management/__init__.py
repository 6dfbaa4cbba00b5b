"""The commands of operators, and how they print tables.

A command resolves its words, calls one function of another room and prints what comes back; no rule lives
here. Start with `commands/scheduler.py`.
"""
