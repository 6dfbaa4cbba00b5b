"""Asks the installation of its environment for whatever a stranger may read, and prints the answers.

One JSON object: by address the status, the ETag, and the body's SHA-256.
"""

import json
import os
import sys
from hashlib import sha256

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
    django.setup()

    from django.test import Client

    from tests.staking_project.addresses import addresses

    client = Client(SERVER_NAME="localhost")
    told = {}
    for address in [*addresses(), *sys.argv[1:]]:
        if not address.startswith("/admin/"):
            answer = client.get(address)
            body = b"".join(answer) if answer.streaming else answer.content
            told[address] = (answer.status_code, answer.headers.get("ETag"), sha256(body).hexdigest())
    sys.stdout.write(json.dumps(told))
