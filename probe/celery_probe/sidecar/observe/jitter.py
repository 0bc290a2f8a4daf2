"""How much later than others a deaf worker is restarted: a fleet deafened at once restarts gradually."""

import zlib

LONGEST_SECONDS = 15.0


def jitter_of(hostname: str) -> float:
    """Always the same for one pod, and spread evenly over pods: from 0 to ``LONGEST_SECONDS`` seconds."""
    return zlib.crc32(hostname.encode(errors="replace")) / 2**32 * LONGEST_SECONDS
