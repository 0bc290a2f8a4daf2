"""What the monitor costs: events received, merged and stored, beside Flower with the same events."""
