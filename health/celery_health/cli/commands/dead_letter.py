"""The command group ``dead-letter``, for each program that has it. Only click is imported here."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import click

from celery_health.cli.usage import Command, Decorator, Group, UsageError, with_options

DEAD_LETTER_HELP = "List, show, replay and drop the messages of a dead-letter queue."

Opened = AbstractContextManager[tuple[Any, str]]
"""The queue and its name. Closes the queue at its end."""
Open = Callable[[click.Context, dict[str, Any]], Opened]

_ID = click.argument("ref", metavar="ID")
_IDS = click.argument("refs", metavar="[ID]...", nargs=-1)
_ALL = click.option("--all", "every", is_flag=True, help="All messages of the queue.")
_FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Output format.",
)
_TO = click.option("--to", metavar="QUEUE", help="Put the messages into this queue.  [default: their own]")
_YES = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


def add_dead_letter_commands(group: click.Group, open_queue: Open, options: tuple[Decorator, ...]) -> None:
    """Add list, show, replay and drop to the group. ``options``: those that ``open_queue`` uses."""

    @group.command(
        "list", cls=Command, help="List the oldest 100 messages.", short_help="List the oldest messages."
    )
    @with_options((*options, _FORMAT))
    @click.pass_context
    def list_(ctx: click.Context, /, form: str, **given: Any) -> None:
        from celery_health.cli.commands.dead_letter_actions import list_letters  # noqa: PLC0415

        with open_queue(ctx, given) as (queue, name):
            list_letters(queue, name, form)

    @group.command(
        "show",
        cls=Command,
        help="Show headers and arguments of the message ID, with secrets masked. Nothing is executed.",
        short_help="Show one message.",
    )
    @_ID
    @with_options((*options, _FORMAT))
    @click.pass_context
    def show(ctx: click.Context, /, ref: str, form: str, **given: Any) -> None:
        from celery_health.cli.commands.dead_letter_actions import show_letter  # noqa: PLC0415

        with open_queue(ctx, given) as (queue, name):
            show_letter(queue, name, ref, form)

    @group.command(
        "replay",
        cls=Command,
        help="Put messages back into their own queues, with id, headers and body unchanged. A worker moves a "
        "message again as long as its id is in quarantine: until 10 minutes after the last death.",
        short_help="Put messages back into their queues.",
    )
    @_IDS
    @with_options((*options, _ALL, _TO))
    @click.pass_context
    def replay(
        ctx: click.Context, /, refs: tuple[str, ...], every: bool, to: str | None, **given: Any
    ) -> None:
        from celery_health.cli.commands.dead_letter_actions import replay_letters  # noqa: PLC0415

        _check(refs, every=every)
        if to == "":  # such as that of an unset variable of the shell
            raise UsageError("--to is empty: name a queue, or leave it out.")
        with open_queue(ctx, given) as (queue, name):
            ctx.exit(replay_letters(queue, name, refs, to))

    @group.command(
        "drop", cls=Command, help="Remove messages. No copy is kept.", short_help="Remove messages."
    )
    @_IDS
    @with_options((*options, _ALL, _YES))
    @click.pass_context
    def drop(ctx: click.Context, /, refs: tuple[str, ...], every: bool, yes: bool, **given: Any) -> None:
        from celery_health.cli.commands.dead_letter_actions import drop_letters  # noqa: PLC0415

        _check(refs, every=every)
        with open_queue(ctx, given) as (queue, name):
            ctx.exit(drop_letters(queue, name, refs, yes=yes))


def dead_letter_group(open_queue: Open, options: tuple[Decorator, ...]) -> click.Group:
    """The group for a program that names the queue by an option."""

    @click.group("dead-letter", cls=Group, help=DEAD_LETTER_HELP)
    @click.pass_context
    def group(ctx: click.Context, /) -> None:
        # An option before `dead-letter` means the same as after it. There `--queue` can be given twice.
        given = dict(ctx.default_map or {})
        if queues := given.pop("queues", ()):
            if len(queues) > 1:
                raise UsageError("There is one dead-letter queue: use --queue once.")
            given["dead_letter_queue"] = queues[0]
        ctx.default_map = dict.fromkeys(group.commands, given)

    add_dead_letter_commands(group, open_queue, options)
    return group


def _check(refs: tuple[str, ...], *, every: bool) -> None:
    if bool(refs) == every:
        raise UsageError("Name at least one ID, or use --all, and not both.")
