"""Random faults under load for a long time, and a ledger that tells what became of every task."""
