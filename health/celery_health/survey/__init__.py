"""One check of an application: what it collects about broker, workers and result backend, and its result."""
