"""Scaling under load on a cluster: bursts, many scale-ins, and a ledger with the fate of each task."""
