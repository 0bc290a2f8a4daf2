"""What is true of a broker, a result store and a fleet of Celery workers: typed readers and pure verdicts."""
