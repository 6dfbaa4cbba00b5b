"""The chain: asking its nodes, what their replies mean in our words, and its arithmetic.

The only HTTP of this app lives here, and no table is ever read or written. Start with `rpc` and `schemas`;
the modules that an import rule calls pure take numbers and return numbers.
"""
