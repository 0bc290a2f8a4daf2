"""What the monitor asks of workers and brokers."""
