"""What goes into an image, as one hash: equal inputs need no new build."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

COMMON = ("Dockerfile", "pyproject.toml", "uv.lock", "README.md", "LICENSE")
SOURCES = {
    "operator": ("health", "probe", "operator"),
    "probe": ("health", "probe"),
    "monitor": ("health", "monitor"),
    "example": ("examples/shop/shop", "health/celery_health"),
}
LEFT_OUT = ("__pycache__",)


def input_hash(checkout: Path, target: str, arguments: Mapping[str, str]) -> str:
    """Sixteen characters over the names and contents of the target's files and its build arguments."""
    digest = hashlib.sha256()
    for path in _files(checkout, [*COMMON, *SOURCES[target]]):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(checkout)} {content}\n".encode())
    for name, value in sorted(arguments.items()):
        digest.update(f"{name}={value}\n".encode())
    return digest.hexdigest()[:16]


def file_hash(file: Path) -> str:
    """Twelve digits that change with the file's content."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def _files(checkout: Path, names: Iterable[str]) -> Iterable[Path]:
    for name in names:
        top = checkout / name
        below = sorted(path for path in top.rglob("*") if path.is_file()) if top.is_dir() else [top]
        yield from (path for path in below if not set(path.parts) & set(LEFT_OUT))
