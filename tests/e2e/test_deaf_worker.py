"""The bug that the product exists for: a worker that lives, answers pings and consumes nothing."""

from tests.e2e.shop import Shop, celery_deployment

DEAF_IMAGE = "celery-operator/example:celery-5.3.6"
MOST_RESTARTS = 6


def test_a_worker_of_celery_5_3_6_made_deaf_by_redis_restarts_says_so(shop: Shop) -> None:
    shop.apply(celery_deployment(image=DEAF_IMAGE))
    shop.wait_ready()
    name = shop.pods()[0]["metadata"]["name"]
    assert shop.report(name)["report"]["celery_version"] == "5.3.6"

    def verdict_after_restart() -> str:
        shop.restart_redis()
        return str(
            shop.kube.until(
                "a settled verdict",
                lambda: (
                    (reason := shop.report(name)["verdict"]["reason"]) in ("Consuming", "Deaf") and reason
                ),
                timeout=30,
            )
        )

    verdicts: list[str] = []
    while "Deaf" not in verdicts and len(verdicts) < MOST_RESTARTS:
        verdicts.append(verdict_after_restart())
    assert verdicts[-1] == "Deaf", verdicts

    assert shop.report(name)["report"]["consuming"] is False
    shop.wait_condition("WorkersHealthy", "False", name)
    assert shop.status()["health"] == "Unhealthy"
