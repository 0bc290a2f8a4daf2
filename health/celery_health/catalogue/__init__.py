"""The catalogue of verdicts: every reason once, with all that is known of it.

A reason is declared in the module of its kind, together with its entry. Conditions, Events, recommendations,
healing, the CLI and the documentation read the entry, so that nothing about a reason is written down twice.
"""

from collections.abc import Mapping

from celery_health.catalogue.beat import BeatReason, BeatStateReason
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.catalogue.deaths import DeathReason
from celery_health.catalogue.entry import Entry, Reason
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.monitor import MonitorReason
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.sizing import SizeReason
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason

KINDS: tuple[type[Reason], ...] = (
    WorkerReason,
    FleetReason,
    DeathReason,
    PodReason,
    SizeReason,
    BeatReason,
    BeatStateReason,
    MonitorReason,
    BrokerReason,
    ConfigurationReason,
    StateReason,
)

CATALOGUE: Mapping[str, Entry] = {reason.value: reason.entry for kind in KINDS for reason in kind}
"""Every entry by its word. Worker and beat share some entries."""
