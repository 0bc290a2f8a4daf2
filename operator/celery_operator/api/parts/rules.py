"""CEL rules of beat, the managed Redis and Flower: what the API server refuses, and what to write instead."""

from celery_operator.api.rules import refused, rule

REDIS = (
    rule(
        "self.persistent || !has(self.storage)",
        "storage is the volume of a persistent Redis: remove storage, or write persistent: true",
    ),
)

MEMORY = (
    rule(
        "self.matches('^0*[1-9][0-9]*([mM][bB]|[gG][bB])$')",
        "write a number with mb or gb, as in the configuration of Redis, such as 256mb",
    ),
)

SCHEDULER = (
    rule(
        r"self.matches('^[\\pL_][\\pL\\pN_]*([.:][\\pL_][\\pL\\pN_]*)*$')",
        "scheduler is what `celery beat --scheduler` takes: write a class with its module, such as "
        "redbeat.RedBeatScheduler or django_celery_beat.schedulers:DatabaseScheduler",
    ),
)

BEAT = (
    rule(
        "!has(self.schedule) || !has(self.storage) || self.schedule.startsWith('/celery-beat/')",
        "the volume of storage is at /celery-beat: write a schedule below /celery-beat/, or remove schedule",
    ),
)

BEAT_ARGUMENT = (
    refused("args cannot choose the application: write it in spec.app", "--app", "-A"),
    refused("args cannot choose the scheduler: write it in beat.scheduler", "--scheduler", "-S"),
    refused("args cannot place the schedule: write it in beat.schedule", "--schedule", "-s"),
    refused(
        "args cannot choose the broker or the result backend: write them in spec.broker and "
        "spec.resultBackend",
        *("--broker", "--result-backend", "-b"),
    ),
    refused(
        "beat must run in the foreground and write its log to the pod's log: remove the option",
        *("--detach", "--pidfile", "--logfile", "-D", "-f"),
    ),
)

FLOWER_ARGUMENT = (
    refused(
        "args cannot hold passwords: write basicAuthFrom: {secretKeyRef: {name: SECRET, key: KEY}}",
        "--basic[-_]auth",
    ),
    refused("args cannot set the prefix: write it in flower.urlPrefix", "--url[-_]prefix"),
    refused("the Service leads to port 5555 of the pod: remove the option", "--port", "--address"),
)
