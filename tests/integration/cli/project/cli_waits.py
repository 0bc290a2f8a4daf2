"""An application whose import says that it waits, and never ends."""

import sys
import threading

sys.stderr.write("waits for a server\n")
threading.Event().wait()
