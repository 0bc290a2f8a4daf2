"""A Redis Cluster, at which workers end: what is said names the cause, unless the keys have a hash tag."""

from pathlib import Path

from tools.testbed.clusters import redis_cluster

from tests.integration.configurations.configured import a_worker, health, messages


def test_workers_end_at_a_redis_cluster_unless_the_keys_have_a_hash_tag(tmp_path: Path) -> None:
    with redis_cluster(tmp_path / "redis") as cluster:
        plain = {"broker_url": cluster.url}
        tagged = {**plain, "broker_transport_options": {"global_keyprefix": "{shop}"}}

        without = health(plain)
        waiting = health(tagged)
        with a_worker(tmp_path / "worker", tagged):
            consumed = health(tagged)

    assert without.code == 2, messages(without)
    assert "is a Redis Cluster, where workers end" in messages(without)
    assert (waiting.code, waiting.reasons) == (2, {"NoWorkers"}), messages(waiting)
    assert consumed.code == 0, messages(consumed)
