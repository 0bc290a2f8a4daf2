"""What surrounds ``celery`` in the command of a container: wrappers, other commands, the entry point."""

from celery_health.verdicts.text import listed
from celery_kubectl.command_line.options import Role
from celery_kubectl.convert.celery_command import shortened
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.workload import Workload

_GUIDE = 'docs/howto/worker-pods.md, "A program that starts the worker"'

# These set variables or limits of the shell, which Celery then has.
_CHANGE_THE_SHELL = frozenset({".", "source", "export", "ulimit", "umask"})
_NEGLIGIBLE = frozenset({"set", "echo", "sleep", "true", ":", "trap", "wait", "[", "[[", "test"})


def note_surroundings(workload: Workload, draft: Draft) -> None:
    """The operator starts Celery itself, so that nothing of this runs."""
    command = workload.command
    if command.wrappers:
        draft.ask(
            f"`{shortened(' '.join(command.wrappers))}` no longer starts Celery. If it is needed, see "
            f"{_GUIDE}."
        )
    setting = [one for one in command.others if one.split(" ")[0] in _CHANGE_THE_SHELL]
    steps = [one for one in command.others if one not in setting and one.split(" ")[0] not in _NEGLIGIBLE]
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


def _quoted(commands: list[str]) -> str:
    return listed([f"`{one}`" for one in commands])
