"""The fault matrix: every fault on every pool and broker, how it is reported and what heals it."""
