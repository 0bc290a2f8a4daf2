"""Publishes events at a steady rate: a program of its own, so that its CPU time is not counted."""

import argparse
import time
from itertools import islice

from redis import Redis

from bench.monitor.events import CHANNEL, EVENTS_OF_A_TASK, messages

_STEP_SECONDS = 0.02


def main() -> None:
    """Publish the events of the tasks; print the events that were published and the seconds that took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("tasks", type=int)
    parser.add_argument("batch", type=int)
    parser.add_argument("rate", type=float, help="events per second; 0 as fast as possible")
    options = parser.parse_args()
    redis = Redis(port=options.port)
    # In pieces, so that the timestamps are about those of the sending.
    source = messages(options.tasks, options.batch)
    events_per_step = options.rate * _STEP_SECONDS if options.rate else 2000 * options.batch
    step = max(1, round(events_per_step / options.batch))
    began = time.monotonic()
    sent = 0
    while piece := list(islice(source, step)):
        pipeline = redis.pipeline(transaction=False)
        for message in piece:
            pipeline.publish(CHANNEL, message)
        pipeline.execute()
        sent += len(piece) * options.batch
        if options.rate:
            time.sleep(max(0.0, began + sent / options.rate - time.monotonic()))
    print(options.tasks * EVENTS_OF_A_TASK, time.monotonic() - began)


if __name__ == "__main__":
    main()
