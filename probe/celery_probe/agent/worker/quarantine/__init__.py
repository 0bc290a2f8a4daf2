"""Takes the messages of listed tasks out of circulation: they go to the dead-letter queue, and do not run."""
