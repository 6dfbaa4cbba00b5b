"""What the running system promises, each promise as a check that looks and can fail.

Checks only look, at what anybody could see; nothing they judge by is written for them.
Start with `verification`.
"""
