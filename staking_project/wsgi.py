"""What gunicorn serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from staking_project.front.waiting import wait_briefly

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")

_site = get_wsgi_application()
wait_briefly()

# It knows models, which are there from now on.
from staking_project.front.streams import WithStreams  # noqa: E402

application = WithStreams(_site)

# Views, forms and documents of the API are loaded now, and not by who asks first. They stay as long as the
# process: whoever looks for garbage among them holds up an answer for 60 ms.
from staking_project import urls  # noqa: E402, F401

gc.freeze()
