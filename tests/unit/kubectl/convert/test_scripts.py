"""What a script does around Celery becomes fields, or a decision: no shell starts the new worker."""

from typing import Any

import pytest

from tests.unit.kubectl.convert.build import BROKER, Printed, deployment, printed, worker

WORKER = "celery -A shop worker -c 2"


def of_script(script: str, **container: Any) -> Printed:
    return printed(deployment("shop-worker", "sh", "-c", script, **container))


def folder(found: Printed) -> str | None:
    """The working directory of the new worker."""
    containers = found.group.get("template", {}).get("spec", {}).get("containers", [{}])
    directory: str | None = containers[0].get("workingDir")
    return directory


@pytest.mark.parametrize(
    ("script", "container", "directory"),
    [
        (f"cd /app && {WORKER}", {}, "/app"),
        (f"cd /app && cd backend && {WORKER}", {}, "/app/backend"),
        (f"cd /tmp; ./prepare; cd /app; {WORKER}; cd /", {}, "/app"),
        (f"cd backend && {WORKER}", {"workingDir": "/app"}, "/app/backend"),
        (f"cd $HOME_OF_APP && {WORKER}", {"env": [BROKER, {"name": "HOME_OF_APP", "value": "/srv"}]}, "/srv"),
        (f"cd src && {WORKER} --workdir=shop", {"workingDir": "/app"}, "/app/src/shop"),
        (f"{WORKER} --workdir=.", {"workingDir": "/app"}, "/app"),
    ],
)
def test_the_folder_in_which_celery_starts_is_a_whole_path(
    script: str, container: dict[str, Any], directory: str
) -> None:
    found = of_script(script, **container)
    assert folder(found) == directory
    assert "workingDir" not in found.comments


@pytest.mark.parametrize(
    ("script", "named"),
    [
        (f"cd backend && {WORKER}", "backend"),
        (f'cd "$APP_HOME" && {WORKER}', "$APP_HOME"),
        (f"cd $(dirname $0) && {WORKER}", "$(...)"),
        (f"cd ~/app && {WORKER}", "~/app"),
        (f"{WORKER} --workdir src", "src"),
    ],
)
def test_a_folder_that_only_the_image_knows_is_a_decision(script: str, named: str) -> None:
    found = of_script(script)
    assert folder(found) is None
    assert f"TODO: Celery starts in the folder {named}: write its whole path" in found.comments


def test_the_folder_of_the_image_itself_needs_no_field() -> None:
    found = of_script(f"{WORKER} --workdir=.")
    assert folder(found) is None
    assert "workingDir" not in found.comments


@pytest.mark.parametrize(
    ("script", "args", "asked"),
    [
        (f"{WORKER} --statedb=$HOME/db $EXTRA", ["--statedb=$HOME/db", "$EXTRA"], True),
        (f"{WORKER} --statedb=${{DIR:?}}/db", ["--statedb=${DIR:?}/db"], True),
        (f"{WORKER} --statedb=/$(hostname)", ["--statedb=/$(...)"], True),
        (f"{WORKER} --statedb=/db # for $USER", ["--statedb=/db"], False),
    ],
)
def test_a_value_that_only_a_shell_knows_is_a_decision(script: str, args: list[str], asked: bool) -> None:
    found = of_script(script)
    assert found.group["args"] == args
    assert ("TODO: No shell replaces variables here: write the values in" in found.comments) is asked


def test_a_reference_that_the_kubelet_replaces_stays() -> None:
    found = printed(worker("--statedb=$(STATE)/db"))
    assert found.group["args"] == ["--statedb=$(STATE)/db"]
    assert "No shell" not in found.comments


@pytest.mark.parametrize("role", ["beat", "flower"])
def test_beat_and_flower_have_no_shell_either(role: str) -> None:
    other = deployment(f"shop-{role}", "sh", "-c", f"celery -A shop {role} $EXTRA")
    found = printed(worker(), other)
    assert found.spec[role]["args"] == ["$EXTRA"]
    assert "TODO: No shell replaces variables here: write the values in `$EXTRA`." in found.comments


def test_a_variable_of_the_script_wins_over_that_of_the_container() -> None:
    found = of_script(f"TZ=UTC {WORKER}", env=[BROKER, {"name": "TZ", "value": "CET"}])
    assert found.spec["env"] == [{"name": "TZ", "value": "UTC"}]


def test_a_broker_that_the_script_sets_is_found() -> None:
    found = of_script(f"CELERY_BROKER_URL=redis://other/0 {WORKER}", env=[])
    assert found.spec["broker"] == {"url": "redis://other/0"}
    assert "env" not in found.spec


def test_a_variable_whose_value_only_the_shell_knows_is_a_decision() -> None:
    found = of_script(f"DJANGO_SETTINGS_MODULE=$SETTINGS {WORKER}")
    assert "TODO: The script sets DJANGO_SETTINGS_MODULE to `$SETTINGS`: write the value." in found.comments


@pytest.mark.parametrize(
    ("script", "queues", "concurrency"),
    [
        (f"{WORKER} -Q fast > /proc/1/fd/1 2>&1", ["fast"], 2),
        ("celery -A shop worker -Q fast -c 3 > /proc/1/fd/1  # don't", ["fast"], 3),
        ('celery -A shop worker --statedb "" -Q fast -c 3', ["fast"], 3),
        ("echo starting celery worker; exec celery -A shop worker -Q fast -c 3", ["fast"], 3),
        ("if [ $X ]; then exec celery -A shop worker -Q fast -c 3; fi", ["fast"], 3),
    ],
)
def test_what_surrounds_the_words_of_celery_is_none_of_them(
    script: str, queues: list[str], concurrency: int
) -> None:
    found = of_script(script)
    assert (found.group["queues"], found.group["concurrency"]) == (queues, concurrency)
    assert set(found.group.get("args", [])) <= {"--statedb", ""}
    assert "no longer starts Celery" not in found.comments
    assert "Not carried over" not in found.comments


def test_a_prefetch_without_a_limit_is_a_decision() -> None:
    found = printed(worker("--prefetch-multiplier", "0"))
    assert "prefetchMultiplier" not in found.group
    assert "TODO: --prefetch-multiplier 0, which sets no limit, has no field" in found.comments
