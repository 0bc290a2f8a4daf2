"""What an order leaves in force: the drain request and the restart hold."""
