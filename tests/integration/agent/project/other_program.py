"""Makes a worker in its own process, as ``airflow celery worker`` and ``sentry run worker`` do."""

import sys

from celery import maybe_patch_concurrency

maybe_patch_concurrency()

from agent_app import app  # type: ignore[import-not-found]  # noqa: E402

if __name__ == "__main__":
    app.worker_main(sys.argv[1:])
