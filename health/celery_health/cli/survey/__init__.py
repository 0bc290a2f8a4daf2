"""Collecting: what one check finds out about the application, its broker, workers and result backend."""
