"""What surrounds ``celery`` in the command of a container: wrappers, other commands, the entry point."""

from celery_health.verdicts.text import listed
from celery_kubectl.convert.command.found import shortened
from celery_kubectl.convert.command.options import Role
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.workload import Workload

_GUIDE = 'docs/howto/worker-pods.md, "A program that starts the worker"'


def note_surroundings(workload: Workload, draft: Draft) -> None:
    """The operator starts Celery itself, so that nothing of this runs."""
    command = workload.command
    if command.wrappers:
        draft.ask(
            f"`{shortened(' '.join(command.wrappers))}` no longer starts Celery. If it is needed, see "
            f"{_GUIDE}."
        )
    if command.others:
        commands = listed([f"`{one}`" for one in command.others])
        draft.ask(
            f"Not carried over from the script that starts Celery: {commands}. If it is needed, write it as "
            "an init container, or as a Job before a rollout."
        )
    for more in (one for one in workload.more_commands if one.role is not Role.BEAT):
        draft.ask(f"The same container also runs `celery {more.role}`: that is not carried over.")
    if command.by_entrypoint:
        draft.ask(
            "The entry point of the image no longer runs, because the operator writes the command. If it "
            f"sets variables or waits for something, see {_GUIDE}."
        )
