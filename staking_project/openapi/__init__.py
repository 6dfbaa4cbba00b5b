"""The OpenAPI document, finished: what every operation of every router has in common is added here.

Operations and their shapes never live here, those are of the apps. Start with `document`.
"""
