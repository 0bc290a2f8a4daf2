"""The agent's own decisions, without a worker."""
