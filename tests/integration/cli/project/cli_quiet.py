"""The same application; its workers do not listen to remote control."""

from cli_shop import app  # type: ignore[import-not-found]

app.conf.worker_enable_remote_control = False
