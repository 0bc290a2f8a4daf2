"""How often Events are posted: what flaps does not flood, and its last turn is posted all the same."""

from collections import deque

from celery_operator.api.status import ConditionType
from celery_operator.decide.event_note import EventNote

WINDOW_SECONDS = 600.0
TURNS = 6
REMEMBERED = 200


class EventPacing:
    """Of one CeleryDeployment. ``now`` is in seconds of a clock that never goes back.

    A note with an identity is always posted: the API server refuses a second one. Any other note about no
    condition is posted once in a window. Of each condition, up to ``TURNS`` notes are posted in a window: a
    fault, its end, the next fault. After that, the newest note waits until the window has room, so that the
    last Event is right about a condition that has stopped flapping. A fault whose reason the window does not
    have yet is posted at once: what flaps repeats its reasons.
    """

    def __init__(self) -> None:
        self._posted: dict[EventNote, float] = {}
        self._turns: dict[ConditionType, deque[tuple[float, str]]] = {}
        self._last: dict[ConditionType, EventNote] = {}
        self._waiting: dict[ConditionType, EventNote] = {}

    def admits(self, note: EventNote, now: float) -> bool:
        """Whether to post this note now; the pacing then counts it as posted."""
        if note.identity:
            return True
        if note.condition is None:
            return self._admits_once(note, now)
        self._waiting.pop(note.condition, None)
        turns = self._turns_within(note.condition, now)
        # The fault that was announced last is back, after a stage or a time without evidence.
        if turns and note.type == "Warning" and note == self._last[note.condition]:
            return False
        is_new_fault = note.type == "Warning" and note.reason not in {reason for _, reason in turns}
        if len(turns) >= TURNS and not is_new_fault:
            self._waiting[note.condition] = note
            return False
        turns.append((now, note.reason))
        self._last[note.condition] = note
        return True

    def due(self, now: float) -> list[EventNote]:
        """The notes that have waited and are to be posted now; the pacing then counts them as posted."""
        waited = [
            (condition, note)
            for condition, note in self._waiting.items()
            if len(self._turns_within(condition, now)) < TURNS
        ]
        for condition, _ in waited:
            del self._waiting[condition]
        return [
            note for condition, note in waited if note != self._last[condition] and self.admits(note, now)
        ]

    def _admits_once(self, note: EventNote, now: float) -> bool:
        if now - self._posted.get(note, float("-inf")) < WINDOW_SECONDS:
            return False
        self._posted[note] = now
        if len(self._posted) > REMEMBERED:
            del self._posted[next(iter(self._posted))]
        return True

    def _turns_within(self, condition: ConditionType, now: float) -> deque[tuple[float, str]]:
        turns = self._turns.setdefault(condition, deque())
        while turns and now - turns[0][0] >= WINDOW_SECONDS:
            turns.popleft()
        return turns
