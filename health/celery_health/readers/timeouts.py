"""Timeouts of the readers, in seconds."""

CONNECT_SECONDS = 2.0
READ_SECONDS = 2.0
"""For each answer."""
PATIENT_SECONDS = 10.0
"""For a connection, and for each answer, of a command that a person waits for."""
TOTAL_SECONDS = 4.5
"""For one read in all. Callers give up after 5 s; a little less gives them the reader's own message."""
