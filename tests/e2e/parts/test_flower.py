"""Flower as its user sees it: behind its password at its Service, with the workers."""

import base64
import json
import shlex
from typing import Any

from tools.testbed.shop import Shop, celery_deployment

READY_WITHIN = 120

READ = """
import base64, sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1])
request.add_header("Authorization", "Basic " + base64.b64encode(sys.argv[2].encode()).decode())
try:
    print(urllib.request.urlopen(request, timeout=5).read().decode())
except urllib.error.HTTPError as error:
    print('{"status": %d}' % error.code)
"""


def read(shop: Shop, user: str) -> Any:
    """The workers that Flower knows, as a pod of the namespace reads them."""
    words = ["python", "-c", READ, "http://shop-flower:5555/api/workers?status=true", user]
    return json.loads(shop.kube.execute(shop.namespace, "toolbox", "sh", "-c", shlex.join(words)))


def test_flower_shows_the_workers_to_who_has_the_generated_password(shop: Shop) -> None:
    shop.apply(celery_deployment(flower={"enabled": True}, workers=[{"name": "default", "args": ["-E"]}]))

    def ready() -> bool:
        found = shop.kube.get(shop.namespace, "deployment", "shop-flower")
        return bool(found and found["status"].get("readyReplicas"))

    shop.kube.until("Flower is ready", ready, timeout=READY_WITHIN)
    shop.wait_ready()
    secret = shop.kube.get(shop.namespace, "secret", "shop-flower")
    assert secret
    password = base64.b64decode(secret["data"]["password"]).decode()

    workers = {f"default@{pod['metadata']['name']}" for pod in shop.pods()}
    shop.kube.until(
        "the workers", lambda: workers <= set(read(shop, f"admin:{password}")), timeout=READY_WITHIN
    )
    assert read(shop, "admin:admin123") == {"status": 401}
