"""The deaths of pool children, and of the worker itself by a MemoryError: how each is noticed and kept."""
