"""What a monitor without the duty has reported alone: no other monitor would report the end."""

from collections.abc import Callable, Iterable, Mapping

from msgspec import structs

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

    def give(
        self, records: Records, known: Callable[[str], Mapping[AlertKey, Delivered]]
    ) -> tuple[dict[AlertKey, AlertRecord], list[Delivered]]:
        """For a monitor with the duty again: what to add to ``records``, and what was delivered of it.

        ``known``: what the database has of the deliveries of a channel.
        """
        self._forget_reported(
            one for channel, key in self._delivered if (one := known(channel).get(key)) is not None
        )
        self._keep(self.records)
        given = {key: _together(mine, records.get(key)) for key, mine in self.records.items()}
        delivered = [
            structs.replace(one, fired=given[one.key].fired or one.fired) for one in self._delivered.values()
        ]
        self.records, self._delivered = {}, {}
        return given, delivered

    def advance(self, after: Mapping[AlertKey, AlertRecord], known: Iterable[Delivered]) -> None:
        """``after``: all alerts now. ``known``: what the database has of the other monitor's deliveries."""
        self._forget_reported(known)
        self._keep(after)

    def _forget_reported(self, known: Iterable[Delivered]) -> None:
        for one in tuple(known):
            place = one.channel, one.key
            mine = self._delivered.get(place)
            if mine is not None and (not one.resolved or one.at >= mine.at):
                del self._delivered[place]

    def ended(self, channel: str, is_silenced: Callable[[AlertKey], bool]) -> list[AlertRecord]:
        """What a channel has to learn now: the end of alerts."""
        found = [self.records[key] for name, key in self._delivered if name == channel]
        due = [one for one in found if one.ended is not None and not is_silenced(one.key)]
        return sorted(due, key=lambda one: (one.ended or 0.0, one.key))

    def _keep(self, records: Mapping[AlertKey, AlertRecord]) -> None:
        self._delivered = {place: one for place, one in self._delivered.items() if one.key in records}
        self.records = {key: records[key] for _, key in self._delivered}


def _together(mine: AlertRecord, stored: AlertRecord | None) -> AlertRecord:
    """An alert that this monitor alone has reported, with what another one has stored of it."""
    if stored is None or stored.state is AlertState.RESOLVED:
        return mine
    if stored.state is AlertState.FIRING:
        return stored
    return (
        mine
        if mine.state is AlertState.FIRING
        else structs.replace(stored, fired=mine.fired, ended=mine.ended)
    )
