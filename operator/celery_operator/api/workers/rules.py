"""What the API server refuses in a worker group."""

from functools import partial

from celery_operator.api import rules
from celery_operator.api.rules import rule

NO_VALUE = "E"
"""Short options of ``celery worker`` that take no value: other short options may follow in the same argument,
as in -Ec8. -B and -D take none either, and are refused themselves.
"""


refused = partial(rules.refused, flags=NO_VALUE)
"""Options of ``celery worker`` that must not stand in ``args``."""

ARGUMENT = (
    refused("args cannot choose the application: write it in spec.app", "--app", "-A"),
    refused(
        "args cannot choose the queues: write them in workers[].queues",
        *("--queues", "--exclude-queues", "-Q", "-X"),
    ),
    refused(
        "args cannot set the concurrency: write it in workers[].concurrency",
        *("--concurrency", "-c"),
    ),
    refused(
        "args cannot change the size of the pool, because scaling relies on workers[].concurrency: remove "
        "the option, and write workers[].autoscaling for more or fewer pods",
        "--autoscale",
    ),
    refused("args cannot choose the pool: write it in workers[].pool", "--pool", "-P"),
    refused(
        "args cannot name the worker, which is called GROUP@POD: remove the option and name the group in "
        "workers[].name",
        *("--hostname", "-n"),
    ),
    refused(
        "args cannot choose the broker or the result backend: write them in spec.broker and "
        "spec.resultBackend",
        *("--broker", "--result-backend", "-b"),
    ),
    refused(
        "args cannot start beat, because each worker pod would run one: write beat: {enabled: true} in spec",
        *("--beat", "-B"),
    ),
    refused(
        "the worker must run in the foreground and write its log to the pod's log: remove the option",
        *("--detach", "--pidfile", "--logfile", "-D", "-f"),
    ),
    refused("args cannot set the log level: write it in workers[].logLevel", "--loglevel", "-l"),
    refused(
        "args cannot set the prefetch multiplier: write it in workers[].prefetchMultiplier",
        "--prefetch-multiplier",
    ),
    refused("args cannot set the time limit: write it in workers[].timeLimit", "--time-limit"),
    refused(
        "args cannot set the soft time limit: write it in workers[].softTimeLimit",
        "--soft-time-limit",
    ),
    refused(
        "args cannot limit the tasks of a child: write the number in workers[].maxTasksPerChild",
        "--max-tasks-per-child",
    ),
    refused(
        "args cannot limit the memory of a child: write it in workers[].maxMemoryPerChild, with its unit",
        "--max-memory-per-child",
    ),
    refused(
        "args cannot choose the optimization: write it in workers[].optimization",
        *("--optimization", "-O"),
    ),
    # Behind its options Celery takes settings, as broker.url=URL, broker_url=URL or, of workers, .pool=solo.
    rule(
        "!self.matches('(?i)^(broker[._]((read|write)[._])?url|result[._]backend)=')",
        "args cannot choose the broker or the result backend by a setting either: write them in spec.broker "
        "and spec.resultBackend",
    ),
    rule(
        "!self.matches('(?i)^(worker)?[._](enable[._]remote[._]control|concurrency|pool|prefetch[._]multiplier)=')",
        "args cannot change this setting of the worker, on which the operator relies: write what has a field "
        "in workers[], and remove the setting",
    ),
)

GROUP_NAME = (
    rule(
        r"self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        "a group name is part of a Deployment's name: write lower case letters, digits and '-', beginning "
        "with a letter, such as default",
    ),
    rule(
        "!(self in ['beat', 'redis', 'flower', 'monitor'])",
        "the group names beat, redis, flower and monitor are taken by other parts: write another name, such "
        "as workers",
    ),
)

DISRUPTION_BUDGET = (
    rule(
        "has(self.maxUnavailable) != has(self.minAvailable)",
        "write exactly one of maxUnavailable and minAvailable, such as maxUnavailable: 1",
    ),
)

CHILD_MEMORY = (
    rule(
        "self.matches('^[1-9][0-9]{0,8}(Ki|Mi|Gi)$')",
        "write maxMemoryPerChild as a whole number with the unit Ki, Mi or Gi, such as 200Mi",
    ),
)

GROUP = (
    rule(
        "self.pool != 'solo' || !has(self.concurrency) || self.concurrency == 1",
        "the solo pool runs one task at a time: remove concurrency, or write pool: prefork",
    ),
    rule(
        "!has(self.replicas) || !has(self.autoscaling)",
        "autoscaling sets the number of pods: remove replicas (where it is stored already, write replicas: "
        "null), or remove autoscaling",
    ),
    rule(
        "self.pool == 'prefork' || (!has(self.maxTasksPerChild) && !has(self.maxMemoryPerChild))",
        "maxTasksPerChild and maxMemoryPerChild are for the processes of the prefork pool: remove them, or "
        "write pool: prefork",
    ),
    rule(
        "self.pool in ['prefork', 'gevent'] || !has(self.timeLimit)",
        "Celery ends tasks at timeLimit in the pools prefork and gevent only: remove timeLimit, or write "
        "pool: prefork",
    ),
    rule(
        "self.pool == 'prefork' || !has(self.softTimeLimit)",
        "Celery keeps softTimeLimit in the prefork pool only: remove softTimeLimit, or write pool: prefork",
    ),
    rule(
        "!has(self.softTimeLimit) || !has(self.timeLimit) || self.softTimeLimit < self.timeLimit",
        "a task is ended at timeLimit before it is warned at softTimeLimit: write a softTimeLimit below "
        "timeLimit",
    ),
)
