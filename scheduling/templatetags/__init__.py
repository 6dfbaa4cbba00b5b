"""What templates of any app may show of scheduling: the strip with the status of everything.

Tags look up and hand over; no rule and no markup lives here. Start with `status`.
"""
