"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from staking_project.front.waiting import wait_briefly

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")

_site = get_wsgi_application()
wait_briefly()

# It knows models, which are there from now on.
from staking_project.front.streams import WithStreams  # noqa: E402

application = WithStreams(_site)
