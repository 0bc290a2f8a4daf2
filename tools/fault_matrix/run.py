"""Stands side by side, rows one after another."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tools.fault_matrix.measure import Measurement, Result
from tools.fault_matrix.rows import Row
from tools.fault_matrix.stand import Stand
from tools.testbed.diagnostics import describe_namespace
from tools.testbed.kube import Kube

Say = Callable[[str], None]
Take = Callable[[Result], None]


def run_stand(stand: Stand, rows: Sequence[Row], say: Say, take: Take = lambda _: None) -> list[Result]:
    """The rows on one stand; it is gone afterwards. ``take`` gets each result as soon as it is there."""
    results = []
    try:
        stand.start()
        for row in rows:
            result = Measurement(stand, row).take()
            results.append(result)
            say(f"{result}")
            take(result)
            if result.problem:
                print(describe_namespace(stand.kube, stand.namespace), file=sys.stderr, flush=True)
    except AssertionError as error:
        say(f"{stand.pool} on {stand.broker} did not start: {error}")
        print(describe_namespace(stand.kube, stand.namespace), file=sys.stderr, flush=True)
        done = {result.row for result in results}
        problem = f"the stand did not start: {str(error).splitlines()[0]}"
        missing = [row.name for row in rows if row.name not in done]
        results += [Result(name, stand.pool, stand.broker, problem=problem) for name in missing]
        for result in results[len(done) :]:
            take(result)
    finally:
        stand.remove()
    return results


def run_matrix(
    kube: Kube, rows: Sequence[Row], places: Sequence[tuple[str, str]], at_once: int, *, say: Say, take: Take
) -> list[Result]:
    """Every row on every (pool, broker) where it exists."""

    def one(stand_rows: list[Row], place: tuple[str, str]) -> list[Result]:
        return run_stand(stand_for(kube, *place, stand_rows), stand_rows, say, take)

    stands = [(chosen, place) for place in places for chosen in _by_visibility(rows, *place)]
    with ThreadPoolExecutor(at_once) as workers:
        return [result for results in workers.map(one, *zip(*stands, strict=True)) for result in results]


def stand_for(kube: Kube, pool: str, broker: str, rows: Sequence[Row]) -> Stand:
    """A stand as these rows need it; they agree on the visibility timeout."""
    (visibility,) = {row.visibility(broker) for row in rows}
    return Stand(kube, pool, broker, visibility, beat=any("beat" in row.name for row in rows))


def _by_visibility(rows: Sequence[Row], pool: str, broker: str) -> Iterator[list[Row]]:
    """The rows that exist there, one list for each stand."""
    found: dict[int | None, list[Row]] = {}
    for row in rows:
        if row.applies(pool, broker):
            found.setdefault(row.visibility(broker), []).append(row)
    yield from found.values()
