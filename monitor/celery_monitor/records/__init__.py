"""What the monitor knows of a task, a worker and a queue: the types that all other packages share."""
