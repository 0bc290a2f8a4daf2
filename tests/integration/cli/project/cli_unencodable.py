"""An application whose workers cannot encode what Celery's remote control asks for."""

import os

from cli_shop import app  # type: ignore[import-not-found]

if os.environ["TEST_UNENCODABLE"] == "settings":
    app.conf.broker_transport_options = {"priority_steps": range(3)}
    app.conf.broker_failover_strategy = iter
else:
    app.conf.accept_content = ["json", "pickle"]
