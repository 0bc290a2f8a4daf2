"""Counts of runs for each minute and hour, from which charts and overviews are made."""
