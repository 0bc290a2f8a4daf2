"""Where the API and the page are."""

MONITORING = "/api/automation/monitoring"

PAGE = "/monitoring"
SETTINGS = "/settings"
