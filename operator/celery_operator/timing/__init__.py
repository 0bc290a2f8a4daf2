"""When something is done, and what time it is."""
