"""Where the API is."""

MONITORING = "/api/automation/monitoring"

LANDING = f"{MONITORING}/stats"
"""Where a login link leads to."""
