"""The proof of `docs/proof/specification.md`: its model, the rules, and the explorer that tries every order
of steps.

Nothing here imports the product: the guards are transcribed from its statements, and the tests hold the two
together. Start with `state.py`, then `workers.py` and `dispatchers.py`; `python -m tests.proof` explores.
"""
