"""A Redis of its own for each module."""
