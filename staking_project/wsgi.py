"""What gunicorn serves."""

import gc
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from gunicorn.arbiter import Arbiter

from staking_project.front.waiting import wait_briefly

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")

try:
    _site = get_wsgi_application()
except ImproperlyConfigured as exc:
    print(f"Wrong setting: {exc}", file=sys.stderr)  # noqa: T201
    # Or gunicorn would start another worker, for ever.
    sys.exit(Arbiter.WORKER_BOOT_ERROR)
wait_briefly()

# It knows models, which are there from now on.
from staking_project.front.streams import WithStreams  # noqa: E402

application = WithStreams(_site)

# Views, forms and documents of the API are loaded now, and not by who asks first. They stay as long as the
# process: whoever looks for garbage among them holds up an answer for 60 ms.
from staking_project import urls  # noqa: E402, F401

gc.freeze()
