"""The commands that need the whole: `run`, `verify`.

What they start or check stands in `stack` and `acceptance`. Start with `commands/run.py`.
"""
