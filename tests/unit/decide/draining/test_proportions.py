"""What the Deployment controller deletes where two ReplicaSets have pods.

tests/integration/operator/scaling/test_failed_rollout.py compares the same numbers with a real controller.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_operator.decide.draining.proportions import Deletions, ReplicaSetSize, most_deletions

CASES = [
    # Ready pods of the old template, pods of the broken one, replicas before and after, deletions of each.
    (9, 3, 9, 8, Deletions(2, 0)),
    (9, 3, 9, 6, Deletions(3, 1)),
    (9, 3, 9, 4, Deletions(5, 2)),
    (4, 1, 4, 3, Deletions(1, 0)),
    (40, 10, 40, 39, Deletions(1, 0)),
    (40, 10, 40, 20, Deletions(20, 5)),
    (3, 0, 3, 1, Deletions(2, 0)),
    (9, 3, 9, 0, Deletions(9, 3)),
]


@pytest.mark.parametrize(("old", "new", "before", "after", "deleted"), CASES)
def test_both_are_lowered_in_proportion(
    old: int, new: int, before: int, after: int, deleted: Deletions
) -> None:
    found = most_deletions(ReplicaSetSize(old, old), ReplicaSetSize(new, 0), before, after)
    assert found == deleted


def test_ready_pods_of_the_new_template_let_the_rollout_delete_more_of_the_old_one() -> None:
    none_ready = most_deletions(ReplicaSetSize(4, 4), ReplicaSetSize(1, 0), 4, 4)
    one_ready = most_deletions(ReplicaSetSize(4, 4), ReplicaSetSize(1, 1), 4, 4)
    assert (none_ready, one_ready) == (Deletions(0, 0), Deletions(1, 0))


def test_of_two_equally_large_ones_the_larger_number_counts_for_each() -> None:
    found = most_deletions(ReplicaSetSize(2, 2), ReplicaSetSize(2, 0), 3, 2)
    assert found == Deletions(1, 1)


numbers = st.integers(0, 40)
replica_sets = st.builds(lambda pods, ready: ReplicaSetSize(pods, min(pods, ready)), numbers, numbers)


@given(replica_sets, replica_sets, numbers, numbers)
def test_no_more_is_deleted_than_there_is(
    old: ReplicaSetSize, new: ReplicaSetSize, after: int, lowered_by: int
) -> None:
    found = most_deletions(old, new, after + lowered_by, after)
    assert 0 <= found.old <= old.pods
    assert 0 <= found.new <= new.pods
