"""`python -m worker.cli` is `inlet`."""

from __future__ import annotations

from worker.cli import main

main()
