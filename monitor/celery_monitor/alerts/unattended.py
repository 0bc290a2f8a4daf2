"""What a monitor without the duty has reported alone: no other monitor would report the end."""

from collections.abc import Callable, Iterable, Mapping

from celery_monitor.alerts.states import Records
from celery_monitor.records.alerts import AlertKey, AlertRecord, AlertState, Delivered


class Unattended:
    """Alerts whose beginning a monitor has delivered while it was cut off from its database.

    Meanwhile another monitor has taken over the duty. It may not see these alerts, such as that the history
    of the first monitor is away. So the first monitor evaluates them until they end, or until the other one
    has reported them too.
    """

    def __init__(self) -> None:
        self.records: Records = {}
        self._delivered: dict[tuple[str, AlertKey], Delivered] = {}

    def take(self, records: Records, unstored: Iterable[Delivered]) -> None:
        """``unstored``: what was delivered of these records, and no other monitor knows of."""
        for one in unstored:
            self._delivered[one.channel, one.key] = one
        self._delivered = {place: one for place, one in self._delivered.items() if not one.resolved}
        self._keep({**self.records, **records})

    def give(self, records: Records) -> tuple[dict[AlertKey, AlertRecord], list[Delivered]]:
        """For a monitor with the duty again: what is missing in ``records``, and what was delivered of it."""
        open_keys = {key for key, one in records.items() if one.state is not AlertState.RESOLVED}
        given = {key: one for key, one in self.records.items() if key not in open_keys}
        delivered = [one for one in self._delivered.values() if one.key in given]
        self.records, self._delivered = {}, {}
        return given, delivered

    def advance(self, after: Mapping[AlertKey, AlertRecord], known: Iterable[Delivered]) -> None:
        """``after``: all alerts now. ``known``: what the database has of the other monitor's deliveries."""
        for one in known:
            place = one.channel, one.key
            mine = self._delivered.get(place)
            if mine is not None and (not one.resolved or one.at >= mine.at):
                del self._delivered[place]
        self._keep(after)

    def ended(self, channel: str, is_silenced: Callable[[AlertKey], bool]) -> list[AlertRecord]:
        """What a channel has to learn now: the end of alerts."""
        found = [self.records[key] for name, key in self._delivered if name == channel]
        due = [one for one in found if one.ended is not None and not is_silenced(one.key)]
        return sorted(due, key=lambda one: (one.ended or 0.0, one.key))

    def _keep(self, records: Mapping[AlertKey, AlertRecord]) -> None:
        self._delivered = {place: one for place, one in self._delivered.items() if one.key in records}
        self.records = {key: records[key] for _, key in self._delivered}
