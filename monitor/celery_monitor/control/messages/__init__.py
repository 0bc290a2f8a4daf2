"""Messages that wait in queues: read some, remove one, purge a queue."""
