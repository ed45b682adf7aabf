"""What `/metrics` of a receiver shows of the accounting."""

from __future__ import annotations

from pathlib import Path

from tests.worker.api_house import open_house, settings_of


async def test_the_ledger_is_shown_per_tenant_once_a_message_is_routed(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """P10: per account, and per tenant; what is not routed yet is no tenant's."""
    said = {"text": "My parcel has not arrived.", "channel": "phone"}
    async with open_house(settings_of(database_url, redis_url, tmp_path)) as house:
        for text in ("My parcel has not arrived.", "Please call me back."):
            await house.call("POST", "/api/messages", {**said, "text": text})
        await house.work()
        await house.call("POST", "/api/messages", said, key=house.other_key)
        async with house.client.get(f"{house.url}/metrics") as answer:
            metrics = await answer.text()
    shown = {line for line in metrics.splitlines() if line.startswith("inlet_tenant_messages{")}
    states = {"created": "2.0", "appended": "0.0", "duplicate": "0.0", "suppressed": "0.0", "dead": "0.0"}
    assert shown == {
        f'inlet_tenant_messages{{state="{state}",tenant="acme"}} {count}' for state, count in states.items()
    }
