"""Tests of what judges the soak."""
