"""Every query stands against the real schema, under one name, with a column for every field written."""

from __future__ import annotations

import re
from pathlib import Path

import asyncpg
import pytest

from routing import changes
from storage.queries import load, query, split

ROOT = Path(__file__).parents[2]
INSERTS = {
    "insert_contacts": changes.ContactRow,
    "insert_identities": changes.IdentityRow,
    "insert_tickets": changes.TicketRow,
    "update_tickets": changes.TicketUpdate,
    "insert_reply_tokens": changes.TokenRow,
    "insert_participants": changes.ParticipantRow,
    "upsert_conversations": changes.ConversationRow,
    "insert_message_ids": changes.MessageIdRow,
    "insert_messages": changes.MessageRow,
    "insert_attachments": changes.AttachmentRow,
    "insert_activities": changes.ActivityRow,
    "insert_decisions": changes.DecisionRow,
    "insert_receipts": changes.ReceiptRow,
    "insert_events": changes.EventRow,
    "upsert_dead_letters": changes.DeadLetterRow,
    "upsert_consents": changes.ConsentRow,
}


async def test_every_query_can_be_prepared(database_url: str) -> None:
    """A misspelt column or table fails here, not in the night."""
    connection = await asyncpg.connect(database_url)
    try:
        for name, statement in load().items():
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as error:
                raise AssertionError(f"{name}: {error}") from error
    finally:
        await connection.close()


@pytest.mark.parametrize("name", sorted(load()))
def test_a_query_says_what_it_does_and_is_used(name: str) -> None:
    """A comment stands in front of the statement, and some module asks for it."""
    assert query(name).startswith("-- ")
    rooms = [*(ROOT / "storage").rglob("*.py"), *(ROOT / "worker").rglob("*.py")]
    assert any(f'"{name}"' in path.read_text(encoding="utf-8") for path in rooms), f"nobody uses {name}"


@pytest.mark.parametrize("name", sorted(INSERTS))
def test_what_a_row_says_is_written(name: str) -> None:
    """No field of a row is left out by its statement: a new one would be lost in silence."""
    words = set(re.findall(r"\w+", query(name)))
    assert set(INSERTS[name].__struct_fields__) <= words


def test_a_name_comes_once() -> None:
    """Two statements under one name in a file are a mistake that is told."""
    with pytest.raises(ValueError, match="twice"):
        split("-- name: one\nselect 1\n-- name: one\nselect 2\n")
