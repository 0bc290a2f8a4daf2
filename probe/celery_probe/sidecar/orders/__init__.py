"""What orders leave in force: drain request, restart hold, quarantine and the request for task events."""
