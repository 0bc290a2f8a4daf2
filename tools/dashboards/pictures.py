"""``python -m tools.dashboards.pictures``: docs/pictures from what a Prometheus has answered to a test."""

import json
import sys
from pathlib import Path

from PIL import Image

from tools.dashboards.answers import FOLDER, file
from tools.dashboards.drawing import draw
from tools.dashboards.every import DASHBOARDS
from tools.dashboards.panel import Dashboard

SHOWN = Path("docs/pictures/dashboards")


def picture(dashboard: Dashboard) -> Path:
    """Draw one dashboard, in at most 128 colours."""
    kept = json.loads(file(dashboard).read_text())
    chosen = ", ".join(
        f"{variable.title}: {kept['choice'][variable.name]}" for variable in dashboard.variables
    )
    path = SHOWN / f"{dashboard.uid}.png"
    draw(dashboard, kept["answers"], chosen, path)
    with Image.open(path) as drawn:
        small = drawn.convert("RGB").quantize(128, kmeans=3, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    return path


def main() -> int:
    """Exit status: 1 when a dashboard has no answers."""
    missing = [one.uid for one in DASHBOARDS if not file(one).exists()]
    if missing:
        print(
            f"{FOLDER} lacks {', '.join(missing)}: run make test-e2e",
            file=sys.stderr,
        )
        return 1
    SHOWN.mkdir(parents=True, exist_ok=True)
    for dashboard in DASHBOARDS:
        path = picture(dashboard)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
