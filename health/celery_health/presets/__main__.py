"""``python -m celery_health.presets [docs/presets.md]``: print every preset, or renew that page's tables."""

import sys
from pathlib import Path

from celery_health.presets.page import presets, renewed, table


def main(arguments: list[str]) -> int:
    """Print, or write; 3 if there is no such page."""
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
