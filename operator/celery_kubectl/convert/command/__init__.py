"""What a container runs: finds Celery in its command and splits the options."""
