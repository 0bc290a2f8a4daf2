"""What is printed into a pipe."""

import pytest
from rich.console import Group
from rich.text import Text

from celery_health.cli.output.terminal import new_table, show


def test_lines_in_a_pipe_end_without_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    table = new_table("Queues", "name", "ready>", "message")
    table.add_row("orders", "7", "")
    table.add_row("", "12", " ".join(["long"] * 50))

    show(Group(Text("healthy "), Text(), table))

    lines = capsys.readouterr().out.split("\n")
    assert lines[:5] == ["healthy", "", "Queues", "name    ready  message", "orders      7"]
    assert len(lines) > 7  # the long message is broken
    assert lines[-1] == ""
    assert [line for line in lines if line != line.rstrip()] == []
