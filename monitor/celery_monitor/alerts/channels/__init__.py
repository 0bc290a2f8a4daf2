"""Deliver messages about alerts: by webhook, by e-mail, or by what apprise knows."""
