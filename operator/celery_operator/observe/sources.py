"""What all CeleryDeployments are read from."""

from dataclasses import dataclass
from functools import partial

from celery_health.readers import reader_for, result_backend_reader_for
from celery_health.readers.access import Access
from celery_operator.observe.brokers.shared_readers import SharedReaders
from celery_operator.observe.sidecars import Sidecars


@dataclass(frozen=True, slots=True)
class Sources:
    """The sidecars of all pods, and the readers of all brokers and result backends."""

    sidecars: Sidecars
    brokers: SharedReaders
    result_backends: SharedReaders

    @classmethod
    def of(cls, sidecars: Sidecars, access: Access) -> "Sources":
        """Readers of their own. ``access``: where brokers and result backends may be."""
        return cls(
            sidecars,
            SharedReaders(partial(reader_for, access=access)),
            SharedReaders(partial(result_backend_reader_for, access=access)),
        )
