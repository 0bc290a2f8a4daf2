"""The fault matrix: every fault on every pool and broker: how it is told, healed, and what tasks became."""
