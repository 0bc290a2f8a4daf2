"""What runs inside the worker or beat process: it observes the process and writes one report a second.

Python 3.8, the standard library and Celery only. It never breaks the process: its errors are counted in the
report.
"""

VERSION = "0.1.0"
