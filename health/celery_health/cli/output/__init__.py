"""Prints the result of a check: as JSON for programs, as tables for people, as one line."""
