"""What is mounted where."""

from pathlib import Path


def mounts_below(*folders: Path) -> list[Path]:
    """Mount points inside the folders, the deepest first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [Path(line.split()[4].encode().decode("unicode_escape")) for line in lines]
    inside = {point for point in points if any(point.is_relative_to(folder) for folder in folders)}
    return sorted(inside, reverse=True)
