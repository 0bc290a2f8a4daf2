"""The kernel's counter explains as many deaths as it counts, and none that come much later."""

from celery_probe.agent.worker.deaths.oom_kills import UNEXPLAINED_SECONDS, OomKills


def test_a_kill_explains_one_death() -> None:
    kills = OomKills()
    kills.note(7, 100.0)
    assert kills.explains(8, 100.5)
    assert not kills.explains(8, 100.6)


def test_two_kills_explain_two_deaths() -> None:
    kills = OomKills()
    kills.note(0, 100.0)
    assert [kills.explains(2, 100.5) for _ in range(3)] == [True, True, False]


def test_the_first_reading_explains_nothing() -> None:
    assert not OomKills().explains(3, 100.0)


def test_a_kill_that_was_noticed_before_the_death_explains_it_for_a_while() -> None:
    kills = OomKills()
    kills.note(0, 100.0)
    kills.note(1, 101.0)
    kills.note(1, 102.0)
    assert kills.explains(1, 101.0 + UNEXPLAINED_SECONDS)


def test_a_kill_of_another_process_explains_no_later_death() -> None:
    kills = OomKills()
    kills.note(0, 100.0)
    kills.note(1, 101.0)
    assert not kills.explains(1, 101.1 + UNEXPLAINED_SECONDS)


def test_without_a_counter_nothing_is_explained() -> None:
    kills = OomKills()
    kills.note(None, 100.0)
    assert not kills.explains(None, 100.5)
    # It can be read again: what happened meanwhile is not known.
    assert not kills.explains(5, 101.0)


def test_a_counter_that_goes_back_explains_nothing() -> None:
    kills = OomKills()
    kills.note(5, 100.0)
    assert not kills.explains(1, 100.5)
