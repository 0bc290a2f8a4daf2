"""Which tasks clients may send, and by which names."""

import pytest

from celery_monitor.control.allowed_tasks import AllowedTasks, TaskNotAllowedError

ALLOWED = AllowedTasks(
    {
        "mail": "shop.tasks.send_mail",
        "shop.orders.pay": "shop.orders.pay",
        "shop.refunds.pay": "shop.refunds.pay",
    }
)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("mail", "shop.tasks.send_mail"),
        ("send_mail", "shop.tasks.send_mail"),
        ("shop.tasks.send_mail", "shop.tasks.send_mail"),
        ("shop.orders.pay", "shop.orders.pay"),
    ],
)
def test_a_task_has_its_alias_its_last_part_and_its_name(name: str, task: str) -> None:
    assert ALLOWED.resolve(name) == task


@pytest.mark.parametrize("name", ["pay", "", "shop.tasks", "os.system", "MAIL", "shop.*"])
def test_other_names_are_refused_with_the_way_to_allow_them(name: str) -> None:
    with pytest.raises(TaskNotAllowedError, match="--submit-task") as refused:
        ALLOWED.resolve(name)
    assert "mail" in refused.value.known
    assert "mail" in str(refused.value)


def test_an_alias_goes_before_the_last_part_of_another_name() -> None:
    assert AllowedTasks({"pay": "a.b", "c.pay": "c.pay"}).resolve("pay") == "a.b"


def test_each_task_is_listed_once_by_its_own_name() -> None:
    assert ALLOWED.tasks == ("shop.orders.pay", "shop.refunds.pay", "shop.tasks.send_mail")


def test_without_settings_nothing_is_allowed() -> None:
    assert AllowedTasks({}).tasks == ()
    with pytest.raises(TaskNotAllowedError, match="No task is allowed yet"):
        AllowedTasks({}).resolve("mail")
