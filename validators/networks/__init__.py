"""Which network and country an address belongs to, by the files that ASN_DATABASE names; nothing is shipped.

Nothing here knows of validators, stores anything or asks the network. Start with `database`.
"""
