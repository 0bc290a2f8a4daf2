"""An application whose import waits for a server that never answers, and survives every Exception."""

import threading
from contextlib import suppress

with suppress(Exception):
    while True:
        threading.Event().wait(60)
