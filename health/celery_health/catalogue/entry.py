"""What the catalogue knows of one reason, and the base of the enums of reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Self


class Severity(Enum):
    """What a verdict does to the health of the resource or fleet, the worst first."""

    UNHEALTHY = "unhealthy"
    """Tasks are not run."""
    DEGRADED = "degraded"
    """Tasks are run, but something is wrong."""
    UNKNOWN = "unknown"
    """The evidence is missing. Unknown never counts as healthy."""
    INFORMATION = "information"
    """Nothing is wrong."""


class Subject(Enum):
    """What a verdict is about."""

    WORKER = "worker"
    POOL = "pool"
    POD = "worker pod"
    PROCESS = "worker or beat"
    BEAT = "beat"
    BROKER = "broker"
    RESULT_BACKEND = "result backend"
    QUEUE = "queue"
    TASK = "task"
    CONFIGURATION = "configuration"
    ROLLOUT = "rollout"
    GROUP = "worker group"
    SCALING = "scaling"
    OPERATOR = "operator"
    MONITOR = "monitor"


class Cause(Enum):
    """Where the cause lies."""

    NONE = "nothing is wrong"
    WORKER = "the process itself"
    TASKS = "the tasks"
    BROKER = "the broker or the network"
    CONFIGURATION = "the configuration"
    CLUSTER = "the cluster"


class Actor(Enum):
    """Who acts on a verdict without being asked."""

    NONE = "none"
    KUBELET = "the kubelet"
    """The liveness probe fails, and the kubelet restarts the container."""
    KUBELET_ON_EXIT = "the kubelet, when the container ends"
    """The container ends by itself, and the kubelet starts it again."""
    OPERATOR = "the operator"
    """The operator evicts the pod within the restart budget, or corrects an owned object."""
    CELERY = "Celery"
    """Workers reconnect, or hand messages out again, by themselves."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said about one case of a reason.

    All four are templates for ``str.format``. ``{subject}`` is the first of the verdict's subjects; the other
    placeholders are facts of the verdict. ``kubectl`` and ``celery`` are command lines without the program:
    ``{subjects}`` names all subjects, and for kubectl ``{resource}``, ``{namespace}``, ``{worker}``,
    ``{sidecar}`` and ``{port}`` are known.
    """

    message: str = ""
    """What is wrong."""
    remedy: str = ""
    """What a person can do, on Kubernetes and elsewhere."""
    kubectl: str = ""
    """The command that shows the cause or applies the remedy."""
    celery: str = ""
    """The same where there is no Kubernetes."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """How the operator reports that it evicts a pod for a reason: the Event's reason, and why in words."""

    event: str
    why: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One reason.

    ``meaning`` is one sentence for the documentation. ``page``, below docs/reference/verdicts, explains it.
    """

    word: str
    subject: Subject
    severity: Severity
    page: str
    meaning: str
    cause: Cause = Cause.NONE
    acts: Actor = Actor.NONE
    wording: Wording = Wording()
    variants: Mapping[str, Wording] = field(default_factory=dict)
    """Other cases of the same reason, by name. Where a variant leaves something empty, ``wording`` has it."""
    evidence: Mapping[str, str] = field(default_factory=dict)
    """What the sidecar says about its process, by case. Templates for ``str.format``; ``{process}`` and
    ``{Process}`` are ``the worker`` or ``beat``, ``{command}`` is the command of ``celery``."""
    rank: int = 1000
    """Of verdicts with the same severity, and of all verdicts on one group, the lowest comes first."""
    broker_outage_explains: bool = False
    """While the broker is unreachable this needs no other cause, and so no remedy of its own."""
    while_draining: bool = False
    """Whether this matters in a worker that drains or leaves."""
    announced: bool = True
    """Whether a condition that takes this reason is worth an Event. Stages of a rollout are not."""
    clears_by_itself: bool = False
    """A configuration fault that can disappear without a new spec, such as a Secret that is created later."""
    replacement: Replacement | None = None

    @property
    def healed(self) -> bool:
        """Whether the process is restarted because of this, unless healing is paused or forbidden."""
        return self.acts in {Actor.KUBELET, Actor.OPERATOR}

    @property
    def anchor(self) -> str:
        """Where the documentation explains the reason, relative to docs/reference/."""
        return f"verdicts/{self.page}.md#{self.word.lower()}"

    def worded(self, variant: str) -> Wording:
        """The wording of one case; the empty variant is the usual case."""
        if not variant:
            return self.wording
        other = self.variants[variant]
        return Wording(
            other.message or self.wording.message,
            other.remedy or self.wording.remedy,
            other.kubectl or self.wording.kubectl,
            other.celery or self.wording.celery,
        )

    def sentence(self, case: str, **facts: str) -> str:
        """What the sidecar says about its process in this case."""
        return self.evidence[case].format(**facts)


class Reason(StrEnum):
    """Base of the enums of reasons. A member is declared with its entry, and its value is the word."""

    _value_: str
    entry: Entry

    def __new__(cls, entry: Entry) -> Self:
        """The member whose value is the word of the entry."""
        member = str.__new__(cls, entry.word)
        member._value_ = entry.word
        member.entry = entry
        return member

    @classmethod
    def named(cls, word: str) -> Self:
        """The reason of this word.

        Raises:
            ValueError: this enum has no such word.
        """
        for reason in cls:
            if reason.value == word:
                return reason
        raise ValueError(f"{word!r} is no {cls.__name__}")
