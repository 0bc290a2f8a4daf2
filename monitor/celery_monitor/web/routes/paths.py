"""Where the API is."""

MONITORING = "/api/automation/monitoring"
