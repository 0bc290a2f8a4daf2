"""Checks of the broker from this pod."""
