"""The agent inside real workers, against real brokers."""
