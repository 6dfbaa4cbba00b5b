"""What others ask of a validator before they delegate to it: rule sets as data, judged by a past.

Pure, but for the reading of files: no row, no clock, no setting. What a pool decides behind its published
rules is never guessed here. Start with `files`, then `judging`; the shipped sets are in `sets/`.
"""
