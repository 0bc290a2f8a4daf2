"""What callers asked for, kept until it is done: it survives a restart of the monitor."""
