"""A web server's application that is never loaded: it says where it begins to, and stays there."""

import os
import threading
from pathlib import Path

Path(os.environ["SLOW_APP_BEGUN"]).touch()
threading.Event().wait()
