"""What the Solana chain says about its validators, and what we make of it.

Reading the chain, storing it, scoring and showing live here; never when any of it runs, that is `scheduling`.
Start with docs/architecture.md, then `jobs` and `tasks`.
"""
