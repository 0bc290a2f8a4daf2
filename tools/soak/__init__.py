"""Random faults under load for a long time, and a ledger that shows what became of every task."""
