"""The history of a broker is in the user's data folder, as each platform has it."""

from pathlib import Path

import pytest

from celery_health.urls import parse
from celery_monitor.settings.data_folder import data_folder, history_file


@pytest.mark.parametrize(
    ("platform", "environment", "folder"),
    [
        ("linux", {"HOME": "/home/ann"}, "/home/ann/.local/share/celery-monitor"),
        ("linux", {"HOME": "/home/ann", "XDG_DATA_HOME": "/data"}, "/data/celery-monitor"),
        ("linux", {"HOME": "/home/ann", "XDG_DATA_HOME": "data"}, "/home/ann/.local/share/celery-monitor"),
        ("darwin", {"HOME": "/Users/ann"}, "/Users/ann/Library/Application Support/celery-monitor"),
        ("win32", {"HOME": "/c/ann", "LOCALAPPDATA": "/c/ann/Local"}, "/c/ann/Local/celery-monitor"),
    ],
)
def test_each_platform_has_its_folder(platform: str, environment: dict[str, str], folder: str) -> None:
    assert data_folder(environment, platform) == Path(folder)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("redis://:secret@localhost:6399/2", "redis-localhost-6399-2.sqlite3"),
        ("amqp://guest:guest@mq.example.com/shop", "amqp-mq.example.com-5672-shop.sqlite3"),
        ("redis://[::1]/", "redis-1-6379-0.sqlite3"),
    ],
)
def test_each_broker_has_a_file_of_its_own(url: str, name: str) -> None:
    assert history_file(parse(url), Path("/data")) == Path("/data") / name
