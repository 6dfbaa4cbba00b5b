"""The commands about validators: fetch, score, import, export, back-test, simulate.

A command resolves its words, calls one service or reading and prints; nothing is computed here.
Start with `commands/show_validators.py`.
"""
