"""The history with a million tasks: writing, reading, size."""
