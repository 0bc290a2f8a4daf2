"""The agent of beat: what it observes and reports."""
