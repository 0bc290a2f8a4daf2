"""Remote control: what the monitor asks and orders the workers of its application."""
