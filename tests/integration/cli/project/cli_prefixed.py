"""The same application, with names of its own for its Redis keys."""

from cli_shop import app  # type: ignore[import-not-found]

app.conf.broker_transport_options = {"global_keyprefix": "shop:", "priority_steps": [0, 5]}
