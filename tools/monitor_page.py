"""``python -m tools.monitor_page``: writes the options of the monitor into their reference page."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from celery_monitor.__main__ import main as command
from celery_monitor.settings import options
from tools.generated_part import replaced, wrapped

PAGE = Path("docs/reference/monitor/options.md")


def page(text: str) -> str:
    """The page with the current options. Each group of options has a generated part of its name."""
    for group, declared in options.GROUPS.items():
        text = replaced(text, group, _table(declared))
    saved = ", ".join(f"`{one.variable}`" for one in options.OPTIONS if one.saved)
    return replaced(text, "saved", wrapped(saved))


def _table(group: Iterable[click.Option]) -> Iterator[str]:
    yield "| option | variable | default | meaning |"
    yield "|---|---|---|---|"
    with click.Context(command, info_name="celery-monitor", auto_envvar_prefix="CELERY_MONITOR") as context:
        for option in group:
            help_text, _, shown = (option.help or "").partition("  [default: ")
            default = shown.rstrip("]") or ("" if option.is_flag else _default(option))
            names = ", ".join(f"`{name}`" for name in option.opts)
            metavar = "" if option.is_flag else f" `{option.make_metavar(context)}`".replace("|", "\\|")
            yield f"| {names}{metavar} | `{_variable(option)}` | {default} | {help_text.replace('|', ' ')} |"


def _default(option: click.Option) -> str:
    # An option without a default has a marker of click's there, which is no text.
    return f"`{option.default}`" if isinstance(option.default, str) and option.default else ""


def _variable(option: click.Option) -> str:
    return f"CELERY_MONITOR_{(option.name or '').upper()}"


def main() -> int:
    """Write the page below the working directory."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
