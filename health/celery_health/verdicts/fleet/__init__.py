"""Verdicts that no worker can give of itself: they need the fleet, the broker, or time. All pure."""
