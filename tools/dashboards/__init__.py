"""The Grafana dashboards: ``python -m tools.dashboards`` writes their JSON into the chart."""
