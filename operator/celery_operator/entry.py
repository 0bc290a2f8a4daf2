"""The program ``celery-operator``, before its libraries are imported."""

from celery_health.cli.extras import run


def main() -> object:
    """Run the program, or name the extra that it lacks."""
    return run("celery_operator.__main__", "main", "operator")
