"""The test bed."""
