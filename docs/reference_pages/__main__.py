"""`python -m docs.reference_pages` writes docs/reference/ and the code that other pages show: `make docs`.

`--check` writes nothing and fails when a page is not what the code says.
"""

import os
import sys
import tempfile

import django


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        # Whoever writes these pages has settings of his own.
        os.environ.update(STATE_DIR=folder, DJANGO_SETTINGS_MODULE="staking_project.settings")
        django.setup()
        from docs.reference_pages.writing import stale_pages, written_pages

        if "--check" not in sys.argv[1:]:
            for path, text in written_pages().items():
                path.write_text(text)
            return 0
        stale = stale_pages()
    if stale:
        sys.stderr.write(f"{', '.join(stale)}: not what the code says; `make docs` writes it again.\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
