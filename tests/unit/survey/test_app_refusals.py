"""What a worker refuses of its application's settings, and where nothing can be said."""

from pathlib import Path

import pytest
from celery import Celery
from kombu.serialization import registry

from celery_health.survey.app_connection import AppConnection, resolve
from celery_health.survey.app_loading import ConfigurationError
from celery_health.survey.app_refusals import (
    check_broker_settings,
    check_result_settings,
    check_serializers,
)


def connected(**settings: object) -> AppConnection:
    app = Celery("shop", broker="redis://127.0.0.1:1/0", set_as_current=False)
    app.conf.update(settings)
    return resolve(app, "shop", None, None, {})


@pytest.mark.parametrize(
    ("setting", "value", "missing"),
    [
        ("accept_content", ["json", "nosuch"], "nosuch"),
        ("accept_content", "json", "j"),
        ("result_accept_content", ["nosuch"], "nosuch"),
        ("task_serializer", "nosuch", "nosuch"),
        ("event_serializer", "nosuch", "nosuch"),
    ],
)
async def test_a_serializer_that_does_not_exist_is_refused_with_the_words_of_celery(
    setting: str, value: object, missing: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        await check_serializers(connected(**{setting: value}), 5)
    assert refused.value.format_message() == (
        f"The application 'shop' has a setting {setting} that Celery refuses: "
        f"SerializerNotInstalled: No encoder/decoder installed for {missing}."
    )


@pytest.mark.parametrize("value", ["pickle", "application/json", None])
async def test_serializers_of_celery_are_accepted(value: str | None) -> None:
    accepted = None if value is None else [value]
    serializer = None if value == "application/json" else value
    await check_serializers(connected(accept_content=accepted, task_serializer=serializer), 5)


async def test_a_serializer_may_come_from_a_module_with_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from kombu.serialization import register\nregister('of_shop', str, str, 'application/x-shop')\n"
    (tmp_path / "shop_serializer.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        await check_serializers(connected(accept_content=["of_shop"], imports=["shop_serializer"]), 5)
    finally:
        registry.unregister("of_shop")


async def test_nothing_is_said_where_the_modules_with_tasks_cannot_be_imported() -> None:
    await check_serializers(connected(accept_content=["of_shop"], imports=["shop_is_not_here"]), 5)


class Unprintable:
    """A value of the application's own class."""

    def __repr__(self) -> str:
        raise RuntimeError("the application is not ready")


async def test_settings_that_cannot_be_printed_are_tried_in_each_check() -> None:
    printed = connected(result_backend="cache+memory://")
    unprintable = connected(result_backend="cache+memory://", beat_schedule={"nap": Unprintable()})
    for connection in (printed, unprintable):
        await check_broker_settings(connection, 5)
        await check_result_settings(connection, 5)
    assert list(printed.accepted) == ["result backend"]
    assert unprintable.accepted == {}
