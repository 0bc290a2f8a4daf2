"""What surrounds ``celery`` in the command of a container: wrappers, other commands, the entry point."""

import re
from collections.abc import Sequence

from celery_health.verdicts.text import listed
from celery_kubectl.command_line.options import Role
from celery_kubectl.convert.celery_command import shortened
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.workload import Workload
from celery_probe.pod import SITE

_GUIDE = 'docs/howto/worker-pods.md, "A program that starts the worker"'

# These set variables or limits of the shell, which Celery then has.
_CHANGE_THE_SHELL = frozenset({".", "source", "export", "ulimit", "umask"})
_NEGLIGIBLE = frozenset({"set", "echo", "sleep", "true", ":", "trap", "wait", "[", "[[", "test"})


# The kubelet replaces $(NAME). Only a shell replaces the rest.
_OF_SHELL = re.compile(r"\$(?:[\w{@*]|\(\.\.\.\))")


def needs_shell(text: str) -> bool:
    """Whether a text refers to variables, or to the output of commands, as only a shell knows them."""
    return _OF_SHELL.search(text) is not None


def put_args(args: Sequence[str], draft: Draft) -> None:
    """``args``. The operator starts Celery without a shell."""
    draft.put([*args], "args")
    if unknown := [one for one in args if needs_shell(one)]:
        draft.ask(f"No shell replaces variables here: write the values in {_quoted(unknown)}.", "args")


def note_surroundings(workload: Workload, draft: Draft) -> None:
    """The operator starts Celery itself, so that nothing of this runs."""
    command = workload.command
    if command.wrappers:
        draft.ask(
            f"`{shortened(' '.join(command.wrappers))}` no longer starts Celery. If it is needed, see "
            f"{_GUIDE}."
        )
    others = [one for one in command.others if SITE not in one]
    setting = [one for one in others if one.split(" ")[0] in _CHANGE_THE_SHELL]
    steps = [one for one in others if one not in setting and one.split(" ")[0] not in _NEGLIGIBLE]
    if setting:
        draft.ask(
            f"The script that starts Celery begins with {_quoted(setting)}. If that is needed, see {_GUIDE}."
        )
    if steps:
        draft.ask(
            f"Not carried over from the script that starts Celery: {_quoted(steps)}. A step before the "
            "worker, such as a migration, belongs into an init container, or into a Job before a rollout."
        )
    for more in (one for one in workload.more_commands if one.role is not Role.BEAT):
        draft.ask(f"The same container also runs `celery {more.role}`: that is not carried over.")
    if command.by_entrypoint:
        draft.ask(
            "The entry point of the image no longer runs, because the operator writes the command. If it "
            f"sets variables or waits for something, see {_GUIDE}."
        )


def _quoted(commands: Sequence[str]) -> str:
    return listed([f"`{shortened(one)}`" for one in commands])
