"""What has to be looked at again from time to time, whether anybody writes or not."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from storage.domains import TxtLookup, check_again
from worker.dns import look_up_txt
from worker.station import Station

_log = structlog.get_logger("inlet.upkeep")


async def check_domains(station: Station, txt: TxtLookup = look_up_txt) -> int:
    """Look again for the proofs of domains, each once a day; one that stays away is no longer routed by.

    Says how many were lost. Several workers that look at once do no harm. Raises DatabaseError.
    """
    lost = await check_again(station.postgres, txt, datetime.now(UTC))
    for domain in lost:
        _log.warning("domain_lost", domain=domain)
    return len(lost)
