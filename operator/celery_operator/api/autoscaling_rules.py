"""CEL rules of a group's autoscaling: what the API server refuses, and what to write instead."""

from celery_operator.api.rules import Rule, rule

# Without the numbers: by the API server's estimate a message that quotes one is too dear in a list of groups.
AUTOSCALING = (
    rule(
        "self.minReplicas <= self.maxReplicas",
        "minReplicas is above maxReplicas: write a lower minReplicas or a higher maxReplicas",
    ),
    rule(
        "!has(self.fallback) || self.fallback.replicas <= self.maxReplicas",
        "fallback.replicas is above maxReplicas: write a lower fallback.replicas or a higher maxReplicas",
    ),
    rule(
        "!has(self.schedule) || self.schedule.all(window, window.minReplicas <= self.maxReplicas)",
        "the minReplicas of a schedule window is above maxReplicas: write a lower one, or a higher "
        "maxReplicas",
    ),
)

# The default of scaleDown, {}, is held against this before its own fields have theirs.
SCALE_DOWN = (
    rule(
        "!has(self.policies) || self.policies.all(policy, policy.type != 'Percent' || policy.value <= 100)",
        "scaleDown cannot remove more than 100 percent of the pods: write a value of at most 100",
    ),
)

SCHEDULE_WINDOW = (
    rule(
        "self.start != self.end",
        "a window that starts and ends at once is never open: write an end that comes later than start, such "
        "as start: 0 8 * * mon-fri, end: 0 18 * * mon-fri",
    ),
)

TIME_ZONE = (
    rule(
        "self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$')",
        "write a name of the IANA time zone database, such as Europe/Berlin or UTC",
    ),
)

_FIVE_FIELDS = r"^\\s*\\S+(\\s+\\S+){4}\\s*$"
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DAYS = "sun|mon|tue|wed|thu|fri|sat"


def _cron_field(place: int, value: str, message: str, *more: str) -> Rule:
    """``value``: an RE2 alternation of what may stand alone or at the ends of a range; ``more``: besides."""
    stepped = rf"(\\*|({value})(-({value}))?)(/0*[1-9][0-9]*)?"
    term = "|".join((stepped, *more))
    field = rf"^\\s*(\\S+\\s+){{{place}}}(?i:({term})(,({term}))*)(\\s+\\S+){{{4 - place}}}\\s*$"
    return rule(f"!self.matches('{_FIVE_FIELDS}') || self.matches('{field}')", message)


CRON = (
    rule(
        f"self.matches('{_FIVE_FIELDS}')",
        "a cron expression has five fields, which are minute, hour, day of month, month and day of week: "
        "write one such as 0 8 * * mon-fri",
    ),
    _cron_field(
        0, "0?[1-5]?[0-9]", "the first field is the minute: write 0 to 59, such as 0, 0,30, 15-45 or */10"
    ),
    _cron_field(
        1, "0?(1?[0-9]|2[0-3])", "the second field is the hour: write 0 to 23, such as 8, 8,20, 8-18 or */2"
    ),
    _cron_field(
        2,
        "0?([1-9]|[12][0-9]|3[01])",
        "the third field is the day of the month: write 1 to 31, such as * or 1,15, or L for the last day or "
        "LW for the last weekday",
        "LW?",
    ),
    _cron_field(
        3,
        f"0?([1-9]|1[0-2])|{_MONTHS}",
        "the fourth field is the month: write 1 to 12 or jan to dec, such as *, 11,12 or nov-dec",
    ),
    _cron_field(
        4,
        f"0?[0-7]|{_DAYS}",
        "the fifth field is the day of the week: write 0 to 7 or sun to sat, such as *, mon-fri or sat, "
        "fri#1 for the month's first Friday or 5L for its last",
        f"(0?[0-7]|{_DAYS})#[1-5]",
        "0?[0-7]L",
    ),
)
