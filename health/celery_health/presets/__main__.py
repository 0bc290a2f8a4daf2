"""``python -m celery_health.presets [PAGE]``: prints every preset, or updates the tables of that page."""

import sys
from pathlib import Path

from celery_health.presets.page import presets, renewed, table


def main(arguments: list[str]) -> int:
    """Returns the exit code: 3 if the page cannot be read or written."""
    if not arguments:
        for name, preset in presets().items():
            sys.stdout.write(f"## {name}()\n\n{table(preset)}\n")
        return 0
    page = Path(arguments[0])
    try:
        page.write_text(renewed(page.read_text()))
    except OSError as error:
        sys.stderr.write(f"{page}: {error.strerror}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
