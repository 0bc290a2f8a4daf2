"""What the user's own application raises comes through: the original exception in one line, exit code 3."""

from pathlib import Path

import pytest
from tools.testbed.servers import free_port, redis_server

from tests.integration.cli.harness import run

APP = "from celery import Celery\napp = Celery('own', broker='redis://127.0.0.1:1/0')\n"
OWN_CLASS = "from celery import Celery\nclass Own(Celery):\n    @property\n    def amqp(self):\n"
CASES = {
    "settings without a variable": (
        "import os\nfrom celery import Celery\napp = Celery('own')\napp.config_from_object('own_settings')\n",
        "its settings raise KeyError: 'BROKER_OF_THE_SHOP'",
    ),
    "Django that is not there": (
        "from celery import Celery\napp = Celery('own')\napp.config_from_object('no_django.conf:settings')\n",
        "its settings raise ModuleNotFoundError: No module named 'no_django'",
    ),
    "queues of the wrong type": (
        APP + "app.conf.task_queues = 5\n",
        "TypeError: 'int' object is not iterable",
    ),
    "options of the wrong type": (APP + "app.conf.broker_transport_options = 'x'\n", "AttributeError: 'str'"),
    "a class of its own": (
        OWN_CLASS + "        raise KeyError('QUEUES')\napp = Own('own', broker='redis://127.0.0.1:1/0')\n",
        "its settings raise KeyError: 'QUEUES'",
    ),
}


@pytest.mark.parametrize(("text", "words"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("program", ["celery-health", "celery"])
def test_the_original_error_is_named(tmp_path: Path, program: str, text: str, words: str) -> None:
    (tmp_path / "own.py").write_text(text)
    (tmp_path / "own_settings.py").write_text("import os\nbroker_url = os.environ['BROKER_OF_THE_SHOP']\n")
    arguments = ["-A", "own"] if program == "celery-health" else ["-A", "own", "health"]
    outcome = run(*arguments, "--timeout", "30", program=program, home=tmp_path)
    assert outcome.code == 3
    assert words in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert outcome.out == ""


def test_an_application_without_a_broker_is_not_completed_from_redis_url(tmp_path: Path) -> None:
    """Its workers use Celery's default. If that is not there, the broker is set somewhere else."""
    (tmp_path / "own.py").write_text("from celery import Celery\napp = Celery('own')\n")
    with redis_server(tmp_path / "redis") as redis:
        outcome = run("-A", "own", "--timeout", "30", home=tmp_path, REDIS_URL=redis.url)
    assert outcome.code == 3
    assert "The application 'own' names no broker" in outcome.err
    broker = f"redis://127.0.0.1:{free_port()}/0"
    named = run("-A", "own", "--timeout", "30", "--broker", broker, home=tmp_path)
    assert named.code == 2
