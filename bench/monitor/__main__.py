"""``python -m bench.monitor``: measure the monitor alone."""

import sys

from bench.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["monitor", *sys.argv[1:]]))
