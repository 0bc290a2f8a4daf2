"""Tests of when something is done, and of what time it is."""
