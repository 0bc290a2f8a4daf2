"""Scaling under load on a cluster: two bursts, many scale-ins, and a ledger that tells each task's fate."""
