"""Which application and queues are meant, as Celery reads them, and how the program ends."""

from pathlib import Path

from tools.testbed.servers import redis_server

from tests.integration.cli.harness import run
from tests.integration.configurations.configured import a_worker, health

THREAD = """\
import atexit, threading
from celery import Celery
app = Celery("own", broker="redis://127.0.0.1:1/0")
threading.Thread(target=threading.Event().wait).start()
print("started")
atexit.register(print, "goodbye")
"""
ARGUMENTS = ("--timeout", "30", "--format", "json")


def test_without_an_application_the_configuration_of_celery_is_read(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        (tmp_path / "celeryconfig.py").write_text(f"broker_url = {redis.database(1)!r}\n")
        (tmp_path / "shop_config.py").write_text(f"broker_url = {redis.database(2)!r}\n")
        (tmp_path / "shop.py").write_text(
            f"from celery import Celery\napp = Celery(broker={redis.database(3)!r})\n"
        )
        elsewhere = "redis://127.0.0.1:1/0"
        found = [
            run(*ARGUMENTS, home=tmp_path, REDIS_URL=elsewhere),
            run(*ARGUMENTS, home=tmp_path, CELERY_CONFIG_MODULE="shop_config"),
            run(*ARGUMENTS, home=tmp_path, APP="shop"),
            run(*ARGUMENTS, "--broker", redis.database(4), home=tmp_path),
        ]
    databases = [one.document["broker"]["address"].rpartition("/")[2] for one in found]
    assert databases == ["1", "2", "3", "4"]


def test_several_queues_in_one_value_are_several_queues(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        settings = {"broker_url": redis.url}
        with a_worker(tmp_path / "worker", settings, ["-Q", "a,b"]):
            found = health(settings, "--queue", "a, b", "--queue", "c")
    assert [queue["name"] for queue in found.document["queues"]] == ["a", "b", "c"]


def test_an_application_that_keeps_a_thread_does_not_keep_the_program(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(THREAD)
    found = run("-A", "own", *ARGUMENTS, home=tmp_path)
    assert (found.code, found.reasons) == (2, {"BrokerUnreachable"})
    refused = run("-A", "own", "--task", "nap", home=tmp_path)
    assert refused.code == 3


def test_what_is_printed_at_the_end_is_not_part_of_the_document(tmp_path: Path) -> None:
    without_thread = THREAD.replace("threading.Thread(target=threading.Event().wait).start()\n", "")
    (tmp_path / "own.py").write_text(without_thread)
    for program in (("celery-health", "-A", "own"), ("celery", "-A", "own", "health")):
        found = run(*program[1:], *ARGUMENTS, program=program[0], home=tmp_path)
        assert found.code == 2
        assert found.out.partition("{")[2].rstrip().endswith("}")
        assert "goodbye" in found.err
