"""What holds for every test."""

import signal

import pytest
from _pytest.terminal import TerminalReporter

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MESSAGE_LENGTH = 300


def pytest_unconfigure(config: pytest.Config) -> None:
    """End with a line for each failure: messages with the logs of servers fill the screen above."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not isinstance(reporter, TerminalReporter):
        return
    for report in (*reporter.stats.get("failed", ()), *reporter.stats.get("error", ())):
        crash = getattr(report.longrepr, "reprcrash", None)
        message = crash.message if crash else str(report.longrepr)
        where = f"{crash.path}:{crash.lineno}" if crash else ""
        first = next(iter(message.splitlines()), "")[:MESSAGE_LENGTH]
        reporter.write_line(f"{report.outcome} {report.nodeid} ({report.when}) {where} {first}")
