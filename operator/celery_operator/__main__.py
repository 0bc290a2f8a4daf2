"""``celery-operator run``."""

from celery_operator.process.slim_client import skip_unused_parts

skip_unused_parts()

from celery_operator.program import main  # noqa: E402 (it imports the client)

__all__ = ["main"]

if __name__ == "__main__":
    main()
