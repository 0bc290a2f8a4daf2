"""``python -m tools.page_pictures``: docs/pictures from the pictures that the tests of the page took."""

import sys
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

TAKEN = Path("build/page")
SHOWN = Path("docs/pictures")
PICTURES: Mapping[str, str] = {
    "overview": "overview desktop light",
    "tasks": "tasks desktop light",
    "task-that-waits": "task waiting desktop light",
    "task-with-retries": "task retried desktop light",
    "failures": "failures desktop light",
    "alerts": "alerts desktop light",
    "queue": "queue desktop light",
    "workers": "workers desktop light",
    "settings": "settings tested light",
    "overview-phone": "overview phone light",
}
"""The name of each picture in the documentation, and of the picture that a test took."""

_DESKTOP = (1280, 800)
_PHONE = (390, 844)


def in_window(taken: Image.Image) -> Image.Image:
    """What a window shows of a whole page, in at most 256 colours. A phone has two pixels for one."""
    wide = taken.width == _DESKTOP[0]
    window = _DESKTOP if wide else (_PHONE[0] * 2, _PHONE[1] * 2)
    shown = taken.convert("RGB").crop((0, 0, *window))
    if not wide:
        shown = shown.resize(_PHONE, Image.Resampling.LANCZOS)
    return shown.quantize(256, kmeans=3, dither=Image.Dither.NONE)


def main() -> int:
    """Exit status: 1 when a picture was not taken."""
    missing = [name for name in PICTURES.values() if not (TAKEN / f"{name}.png").exists()]
    if missing:
        command = "make test-integration, or pytest tests/integration/monitor/page"
        print(f"{TAKEN} lacks {', '.join(missing)}: run {command}", file=sys.stderr)
        return 1
    SHOWN.mkdir(exist_ok=True)
    for name, taken in PICTURES.items():
        file = SHOWN / f"{name}.png"
        with Image.open(TAKEN / f"{taken}.png") as picture:
            in_window(picture).save(file, optimize=True)
        print(f"{file}: {file.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
