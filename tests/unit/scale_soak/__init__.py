"""Tests of what judges the scaling tests, and of what they send and ask for."""
