"""trust-v2: reliability, return and terms of a validator, each measured or chosen in the open.

Everything this method alone knows lives here; what methods share is one floor up. Start with `method`.
"""
