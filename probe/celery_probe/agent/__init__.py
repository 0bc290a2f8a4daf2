"""What runs inside the worker process: it watches the worker and writes one report a second.

Python 3.8, the standard library and Celery only. It never breaks a worker: its errors are counted and told in
the report.
"""

VERSION = "0.1.0"
