"""The program ``celery-monitor``."""

import click


@click.command()
def main() -> None:
    """Show the tasks, workers and queues of any Celery."""
    raise click.ClickException("The monitor cannot be started yet.")


if __name__ == "__main__":
    main()
