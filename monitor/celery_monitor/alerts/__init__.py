"""The monitor's own alerts, for installations without Alertmanager."""
