"""Carries decisions out: writes objects and statuses, posts Events, sends orders, evicts pods. I/O only."""
