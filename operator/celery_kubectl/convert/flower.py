"""``spec.flower``, from a Deployment of Flower."""

from collections.abc import Mapping

from celery_kubectl.convert.connections import PASSWORD
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.environment import Literal, SecretKey
from celery_kubectl.convert.pod.carried import carry_pod
from celery_kubectl.convert.pod.container import set_in_container
from celery_kubectl.convert.surroundings import note_surroundings, put_args
from celery_kubectl.convert.workload import Workload

_LEFT_OUT = {"--port", "--address", "--broker", "--result-backend", "--workdir", "--quiet", "--no-color"}
_FIELDS = {"--url-prefix", "--basic-auth", "--app"}


def flower_part(workload: Workload, new_labels: Mapping[str, str]) -> Draft:
    """What replaces a Deployment of Flower. It is not enabled, for its name is often that of the old one."""
    draft = Draft()
    draft.fields["enabled"] = False
    draft.put(workload.container.get("image"), "image")
    draft.remark(f"From {workload.title}.")
    draft.ask(
        "Write enabled: true when you have deleted the old Deployment and its Service, or leave Flower out "
        "and write monitor: {enabled: true}, which keeps the history of tasks.",
        "enabled",
    )
    _carry_access(workload, draft)
    args = [word for option in workload.command.options for word in option.words if _is_kept(option.name)]
    put_args([*args, *workload.command.rest], draft)
    if any(PASSWORD.search(word) for word in args):
        draft.ask(
            "An argument has a password in plain text: write it into env, as FLOWER_*, from a Secret.", "args"
        )
    if workload.command.app:
        draft.remark(f"-A {workload.command.app} is left out: Flower needs the broker only.")
    note_surroundings(workload, draft)
    shared = carry_pod(workload, draft, new_labels)
    draft.put(shared.env, "env")
    set_in_container(draft, "flower", "envFrom", shared.env_from)
    set_in_container(draft, "flower", "volumeMounts", shared.volume_mounts)
    draft.put(shared.volumes, "template", "spec", "volumes")
    if shared.run_as_user:
        draft.put(shared.run_as_user, "template", "spec", "securityContext", "runAsUser")
    draft.notes += [note for note in shared.about.notes if note.place == ("env",)]
    return draft


def _is_kept(name: str) -> bool:
    return name not in _LEFT_OUT | _FIELDS


def _carry_access(workload: Workload, draft: Draft) -> None:
    prefix = workload.command.value("--url-prefix") or workload.variables.literal("FLOWER_URL_PREFIX")
    if prefix and prefix.strip("/"):
        draft.put(f"/{prefix.strip('/')}", "urlPrefix")
    users = workload.variables["FLOWER_BASIC_AUTH"]
    if isinstance(users, SecretKey):
        draft.put({"secretKeyRef": {"name": users.secret, "key": users.key}}, "basicAuthFrom")
    elif isinstance(users, Literal) or workload.command.value("--basic-auth") is not None:
        draft.ask(
            "The users of Flower are in plain text: write USER:PASSWORD into a Secret, and name that in "
            "basicAuthFrom. Without it the operator generates a password of the user admin.",
            "enabled",
        )
