# mypy: disable-error-code="untyped-decorator"
"""The application of document 004: ``celery -A redline worker`` with the queue redline_tasks."""

import os

from celery import Celery

app = Celery("redline", broker=os.environ["TEST_BROKER"], backend=os.environ["TEST_BROKER"])
app.conf.task_default_queue = "redline_tasks"


@app.task(name="redline.background.tasks.process_data_conversion")
def process_data_conversion(input_file: str, output_format: str, output_file: str) -> dict[str, str]:
    return {"input_file": input_file, "output_file": output_file, "format": output_format}


@app.task(name="redline.background.tasks.process_data_analysis")
def process_data_analysis() -> None:
    raise ValueError("no data, and the password=geheim")
