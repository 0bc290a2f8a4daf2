"""Queries: lists of tasks, one task, numbers and groups."""
