"""trust-v3: of 100 units of a perfect validator's reward, how many a delegator can count on.

Everything this method alone knows lives here; what methods share is one floor up. Start with `method`.
"""
