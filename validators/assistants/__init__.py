"""Validators for assistants that speak the Model Context Protocol: read only, over the operations of the API.

No query is built here, and what strangers wrote stays in fields that say so. Only `server.py` and `http.py`
import the SDK, which is optional. Start with tools.py.
"""
