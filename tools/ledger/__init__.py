"""Compares the monitor's history with a ledger that the tasks write themselves."""
