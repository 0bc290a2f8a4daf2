"""Cancels that are kept: a worker forgets a revoke when it restarts, so it is sent until the task ends."""
