"""``kubectl celery`` on a real API server, through the real kubectl."""

from celery_kubectl import kubectl as kubectl_program
from celery_kubectl import resource
from celery_operator.api import names
from tests.integration.kubectl.harness import Shop


def test_the_plugin_and_the_operator_mean_the_same_names() -> None:
    assert f"{names.PLURAL}.{names.GROUP}" == kubectl_program.RESOURCE
    assert resource.PAUSE == names.ANNOTATION_PAUSE_HEALING
    assert resource.RESTARTED_AT == names.ANNOTATION_RESTARTED_AT


def test_pause_and_resume_set_and_remove_the_annotation(shop: Shop) -> None:
    paused = shop.run("pause", "shop")
    assert paused.code == 0
    resume = f"kubectl celery resume shop -n {shop.namespace}"
    assert paused.out == f"shop: healing is paused. To resume: {resume}\n"
    assert shop.annotations()[names.ANNOTATION_PAUSE_HEALING] == "true"
    assert f"Healing is paused. To resume: {resume}" in shop.run("status", "shop").out

    resumed = shop.run("resume", "shop")
    assert (resumed.code, resumed.out) == (0, "shop: healing is resumed.\n")
    assert names.ANNOTATION_PAUSE_HEALING not in shop.annotations()

    again = shop.run("resume", "shop")
    assert (again.code, again.out) == (0, "shop: healing was not paused.\n")


def test_pause_and_resume_of_a_group_leave_the_others_alone(shop: Shop) -> None:
    of_group = f"{names.ANNOTATION_PAUSE_HEALING}.orders"
    paused = shop.run("pause", "shop", "--group", "orders")
    resume = f"kubectl celery resume shop --group orders -n {shop.namespace}"
    assert paused.out == f"shop: healing of group orders is paused. To resume: {resume}\n"
    assert shop.annotations()[of_group] == "true"
    assert names.ANNOTATION_PAUSE_HEALING not in shop.annotations()
    assert f"Healing of group orders is paused. To resume: {resume}" in shop.run("status", "shop").out

    resumed = shop.run("resume", "shop", "--group", "orders")
    assert resumed.out == "shop: healing of group orders is resumed.\n"
    assert of_group not in shop.annotations()

    unknown = shop.run("pause", "shop", "--group", "post")
    assert unknown.code == 3
    assert "has no worker group 'post'" in unknown.err
