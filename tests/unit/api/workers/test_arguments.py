"""Arguments and variables that overrule a field are refused, in every spelling that Celery's parser takes."""

import re
from collections.abc import Iterator
from typing import Any

import click
import pytest
from celery import Celery
from celery.bin.base import CLIContext
from celery.bin.worker import worker
from hypothesis import given
from hypothesis import strategies as st

from celery_operator.api.rules import ENV_NAME
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.workers.rules import ARGUMENT
from celery_operator.resources.worker_deployment import worker_command

OPTIONS = [param for param in worker.params if isinstance(param, click.Option)]
SPEC = CeleryDeploymentSpec.model_validate(
    {
        "app": "shop.celery",
        "image": "shop:1",
        "broker": {"managed": {}},
        "workers": [{"name": "default", "queues": ["one", "two"], "logLevel": "INFO"}],
    }
)
FIELDS = {
    **dict.fromkeys(("queues", "exclude_queues"), "one"),
    **dict.fromkeys(("concurrency", "autoscale", "prefetch_multiplier"), "8"),
    **dict.fromkeys(("time_limit", "soft_time_limit"), "8"),
    **dict.fromkeys(("max_tasks_per_child", "max_memory_per_child"), "8"),
    **dict.fromkeys(("pool", "hostname", "loglevel", "optimization"), "x"),
    **dict.fromkeys(("beat", "detach"), ""),
    **dict.fromkeys(("logfile", "pidfile"), "/tmp/x"),
}
"""What a field or the operator decides, by the name that Celery gives it, with a value to overrule it."""


def refused(argument: str) -> bool:
    """Whether a rule of the API server refuses the argument."""
    patterns = (re.fullmatch(r"!self\.matches\('(.*)'\)", rule["rule"]) for rule in ARGUMENT)
    return any(re.search(found[1], argument) for found in patterns if found)


def parsed(arguments: list[str]) -> dict[str, Any]:
    """What Celery's parser makes of the command with these arguments at its end."""
    command = worker_command(SPEC, SPEC.workers[0])
    ours = command[command.index("worker") + 1 :]
    context = click.Context(worker, info_name="worker", obj=CLIContext(Celery(), no_color=True, workdir=None))
    values, _, _ = worker.make_parser(context).parse_args([*ours, *arguments])
    return {name: values.get(name) for name in FIELDS}


def spellings(option: click.Option) -> Iterator[list[str]]:
    value = FIELDS[str(option.name)]
    for name in option.opts:
        if option.is_flag:
            yield [name]
            if len(name) == 2:
                yield [f"-E{name[1]}"]
                yield [f"{name}E"]
        elif name.startswith("--"):
            yield [name, value]
            yield [f"{name}={value}"]
        else:
            yield [name, value]
            yield [f"{name}{value}"]
            yield [f"-E{name[1]}", value]
            yield [f"-EE{name[1]}{value}"]


SPELLINGS = [
    pytest.param(arguments, id=" ".join(arguments))
    for option in OPTIONS
    if option.name in FIELDS
    for arguments in spellings(option)
]


def test_celery_knows_every_option_that_is_refused() -> None:
    assert {option.name for option in OPTIONS} >= FIELDS.keys()
    assert len(SPELLINGS) > 60


@pytest.mark.parametrize("arguments", SPELLINGS)
def test_a_spelling_that_overrules_a_field_is_refused(arguments: list[str]) -> None:
    assert parsed(arguments) != parsed([])
    assert refused(arguments[0])


def every_spelling() -> st.SearchStrategy[list[str]]:
    """Options of `celery worker` with and without values, in one argument or several."""
    names = [name for option in OPTIONS for name in option.opts]
    values = st.sampled_from(["8", "x", "-c8", "10,3", "fair"])
    one = st.one_of(
        st.sampled_from(names),
        st.builds("{}={}".format, st.sampled_from(names), values),
        st.builds("{}{}".format, st.sampled_from([name for name in names if len(name) == 2]), values),
        st.lists(st.sampled_from("BDEcOQXnPlfISs"), min_size=1, max_size=3).map(
            lambda found: "-" + "".join(found)
        ),
        values,
    )
    return st.lists(one, max_size=4)


@given(every_spelling())
def test_whatever_is_accepted_leaves_the_fields_alone(arguments: list[str]) -> None:
    if any(refused(argument) for argument in arguments):
        return
    try:
        found = parsed(arguments)
    except click.UsageError:
        return
    assert found == parsed([])


@pytest.mark.parametrize(
    "argument",
    [
        "-E",
        "--without-mingle",
        "--statedb=/tmp/state",
        "-Ishop.tasks",
        "-S/tmp/state",
        "--schedule=/tmp/cron",
        "-s/tmp/c",
    ],
)
def test_what_has_no_field_is_left_to_args(argument: str) -> None:
    assert not refused(argument)


@pytest.mark.parametrize(
    ("argument", "setting"),
    [
        ("broker.url=redis://other/0", "broker_url"),
        ("broker.read_url=redis://other/0", "broker_read_url"),
        ("BROKER_WRITE.URL=redis://other/0", "broker_write_url"),
        ("result_backend=redis://other/0", "result_backend"),
        ("worker.enable_remote_control=False", "worker_enable_remote_control"),
        (".concurrency=8", "worker_concurrency"),
        ("_pool=solo", "worker_pool"),
        ("worker_prefetch_multiplier=8", "worker_prefetch_multiplier"),
        ("worker.hijack_root_logger=False", ""),
    ],
)
def test_a_setting_that_overrules_a_field_is_refused(argument: str, setting: str) -> None:
    app = Celery(set_as_current=False)
    app.config_from_cmdline([argument], namespace="worker")
    assert setting in {*app._preconf, ""}, "Celery has another name for it"
    assert refused(argument) is bool(setting)


def variable_refused(name: str) -> bool:
    lists = (re.search(r"self in \[(.*?)\]", rule["rule"]) for rule in ENV_NAME)
    return any(f"'{name}'" in found[1] for found in lists if found)


@pytest.mark.parametrize(
    "option", [one for one in OPTIONS if one.name in FIELDS], ids=lambda one: str(one.name)
)
def test_a_variable_that_overrules_a_field_is_refused(
    option: click.Option, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = worker_command(SPEC, SPEC.workers[0])
    ours = command[command.index("worker") + 1 :]
    variable = f"CELERY_WORKER_{str(option.name).upper()}"

    def value() -> Any:
        obj = CLIContext(Celery(), no_color=True, workdir=None)
        context = click.Context(worker, info_name="worker", obj=obj, auto_envvar_prefix="CELERY_WORKER")
        given, _, _ = worker.make_parser(context).parse_args(list(ours))
        found, _ = option.consume_value(context, given)
        return found

    before = value()
    monkeypatch.setenv(variable, FIELDS[str(option.name)] or "true")
    optional = option.name in {
        *(
            "prefetch_multiplier",
            "time_limit",
            "soft_time_limit",
            "max_tasks_per_child",
            "max_memory_per_child",
        ),
        "optimization",
    }
    # A field that is not set leaves the choice to the application, and so to its variables. Beat is started
    # by its variable with click before 8.2.
    overruled = value() != before or option.name == "beat"
    assert variable_refused(variable) == (overruled and not optional)


@pytest.mark.parametrize(
    "name",
    [
        *("BROKER_URL", "CELERY_BROKER", "RESULT_BACKEND"),
        *("CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"),
    ],
)
def test_a_variable_that_celery_reads_before_the_urls_of_the_resource_is_refused(name: str) -> None:
    assert variable_refused(name)


def test_a_variable_of_the_application_is_accepted() -> None:
    assert not variable_refused("CELERY_WORKER_CONCURRENCY")
    assert not variable_refused("DATABASE_URL")
