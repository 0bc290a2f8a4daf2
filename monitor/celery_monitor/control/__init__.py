"""What the monitor asks of workers, brokers and result backends."""
