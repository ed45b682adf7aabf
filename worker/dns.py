"""TXT records, for the proof of domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.resolver

SECONDS = 10.0


async def look_up_txt(name: str, *, resolver: Any = None) -> Sequence[str]:
    """The TXT records of a name; empty where there are none. Raises OSError where nobody can tell now.

    `resolver`: another one than the system's.
    """
    asked = resolver or dns.asyncresolver.get_default_resolver()
    try:
        answer = await asked.resolve(name, "TXT", lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except dns.exception.DNSException as error:
        raise OSError(str(error) or type(error).__name__) from error
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
