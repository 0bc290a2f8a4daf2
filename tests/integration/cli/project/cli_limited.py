"""The same application with a rate limit that holds tasks up."""

from cli_shop import app, nap  # type: ignore[import-not-found]

__all__ = ["app"]

nap.rate_limit = "1/h"
