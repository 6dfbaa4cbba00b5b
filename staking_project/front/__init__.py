"""What stands in front of every view: who asks, how much of it is enough, and what browsers are told.

Views and what they show never live here. Start with `throttle.py`.
"""
