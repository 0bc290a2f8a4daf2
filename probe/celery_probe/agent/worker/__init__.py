"""The agent of a worker: what it observes and reports, how it drains, and how it stops."""
