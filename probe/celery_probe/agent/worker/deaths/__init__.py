"""How the deaths of pool children, and of the worker itself by a MemoryError, are noticed."""
