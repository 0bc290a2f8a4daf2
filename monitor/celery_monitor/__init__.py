"""The monitor: the history of every task, the workers and the queues of any Celery, over REST and metrics."""
