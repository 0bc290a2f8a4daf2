"""Retries: the task is sent again under a new id, and the original stays as it is."""
