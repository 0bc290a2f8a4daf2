"""Writes the JSON of each dashboard below the working directory."""

import json
import sys
from pathlib import Path

from tools.dashboards.every import DASHBOARDS
from tools.dashboards.grafana import document

FOLDER = Path("charts/celery-operator/files/dashboards")


def files() -> dict[Path, str]:
    """The text of each file, by its path below the repository's root."""
    return {FOLDER / f"{one.uid}.json": json.dumps(document(one), indent=1) + "\n" for one in DASHBOARDS}


def main() -> int:
    """Write every file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
