"""Sending events to those who subscribed: in batches, signed, in order, until they are taken.

What is sent and how lives here; rows change in `services`, events come from `reading`. Start with `lane`.
"""
