"""What the web server and the pages behind it agree on; Django is not there yet when the server starts."""

from typing import Final

# Bytes of a request. The largest that is sent is a form of the admin.
LARGEST_BODY: Final = 1024 * 1024
