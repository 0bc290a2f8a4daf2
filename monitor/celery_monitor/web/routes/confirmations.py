"""Actions that are confirmed after a dry run."""

from celery_monitor.web.problems import ProblemError


def check_dry_run_or_confirmation(dry_run: bool, confirmation: str | None) -> None:
    """Raises ProblemError (422) for a request that is both a dry run and confirmed, or neither."""
    if dry_run == (confirmation is not None):
        raise ProblemError(
            422, "Send dry_run: true first, and then the same without dry_run and with its confirmation."
        )
