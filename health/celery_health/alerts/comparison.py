"""What series of the operator have to show for an alert.

One description serves both: Prometheus gets it as PromQL, and the operator evaluates it on its own numbers.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

LabelSet = tuple[tuple[str, str], ...]
"""The labels of an alert beyond those of its application, in the order of ``by``."""

Sample = tuple[Mapping[str, str], float]
"""A value and its labels beyond those of the application."""

Samples = Callable[[str], Iterable[Sample]]
"""The samples of one application in a series of this name."""

Filled = Callable[[str], str]
"""A text with the thresholds of a rule in it."""

CONDITION = "celery_deployment_condition"
UNKNOWN_WORKERS = "celery_workers_unknown"


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which values of a label count: these, or with ``excluded`` all others."""

    label: str
    values: tuple[str, ...]
    excluded: bool = False

    def __str__(self) -> str:
        """As PromQL."""
        sign = ("!" if self.excluded else "=") + ("~" if len(self.values) > 1 else "=" * self.excluded)
        return f'{self.label}{sign}"{"|".join(self.values)}"'

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with these labels counts."""
        return (labels.get(self.label, "") in self.values) is not self.excluded


@dataclass(frozen=True, slots=True)
class Comparison:
    """The greatest value of a series, by its application and by ``by``, compared with a number.

    ``than``: a number, or a threshold of the rule between two @. ``same_as``: reasons of conditions that say
    the same as this comparison.
    """

    metric: str
    sign: Literal["==", ">"]
    than: str
    by: tuple[str, ...] = ()
    matchers: tuple[Matcher, ...] = ()
    same_as: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As PromQL."""
        labels = ", ".join(("namespace", "resource", *self.by))
        selector = f"{{{', '.join(map(str, self.matchers))}}}" if self.matchers else ""
        return f"max by ({labels}) ({self.metric}{selector}) {self.sign} {self.than}"

    @property
    def comparisons(self) -> tuple["Comparison", ...]:
        """This one alone."""
        return (self,)

    @property
    def condition(self) -> str | None:
        """The condition that is compared, if it is one."""
        named = (one.values[0] for one in self.matchers if one.label == "condition")
        return next(named, None) if self.metric == CONDITION else None

    @property
    def counts_unknown(self) -> bool:
        """Whether it counts what is unknown, so that it is known itself."""
        return self.metric == UNKNOWN_WORKERS

    def evaluate(self, samples: Samples, filled: Filled) -> dict[LabelSet, float]:
        """The values that meet the comparison."""
        greatest: dict[LabelSet, float] = {}
        for labels, value in samples(self.metric):
            if all(one.accepts(labels) for one in self.matchers):
                key = tuple((name, labels[name]) for name in self.by)
                greatest[key] = max(value, greatest.get(key, value))
        number = float(filled(self.than))
        return {
            key: value
            for key, value in greatest.items()
            if (value == number if self.sign == "==" else value > number)
        }


@dataclass(frozen=True, slots=True)
class Conjunction:
    """A comparison that counts where each one after ``and`` is met too, and none after ``unless``."""

    first: Comparison
    rest: tuple[tuple[Literal["and", "unless"], Comparison], ...]

    def __str__(self) -> str:
        """As PromQL."""
        lines = [f"  {self.first}", *(f"  {word}\n  {one}" for word, one in self.rest)]
        return "\n".join(("(", *lines, ")"))

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All of them."""
        return (self.first, *(one for _, one in self.rest))

    @property
    def condition(self) -> str | None:
        """The condition that the first comparison is about."""
        return self.first.condition

    @property
    def same_as(self) -> tuple[str, ...]:
        """Reasons of conditions that say the same."""
        return self.first.same_as

    @property
    def counts_unknown(self) -> bool:
        """Whether the first comparison counts what is unknown."""
        return self.first.counts_unknown

    def evaluate(self, samples: Samples, filled: Filled) -> dict[LabelSet, float]:
        """The values of the first comparison that are left."""
        found = self.first.evaluate(samples, filled)
        for word, one in self.rest:
            other = one.evaluate(samples, filled)
            found = {key: value for key, value in found.items() if (key in other) is (word == "and")}
        return found


Evidence = Comparison | Conjunction


def condition_is(
    condition: str, value: bool, *, reasons: tuple[str, ...] = (), but: tuple[str, ...] = ()
) -> Comparison:
    """A condition has this value, with one of these reasons, or with none of ``but``."""
    matchers = [Matcher("condition", (condition,))]
    if reasons:
        matchers.append(Matcher("reason", reasons))
    if but:
        matchers.append(Matcher("reason", but, excluded=True))
    return Comparison(CONDITION, "==", str(int(value)), matchers=tuple(matchers))
