"""Every operation of the API, one row each: the router and the OpenAPI document are made from this."""

from __future__ import annotations

from storage.shown import Event, OneMessage, Ticket, TicketLine
from worker.api import deadletters, events, messages, tickets
from worker.api.deadletters import Dead, DeadLine, DeadQuery, Discarded
from worker.api.explain import DryRun
from worker.api.operations import OfTenant, Operation, Paged
from worker.api.tickets import TicketQuery
from worker.shapes import (
    Accepted,
    ExplainRequest,
    Explanation,
    Issued,
    NewMessage,
    NewTicketMessage,
    Page,
    PendingMessage,
    TicketPatch,
)

LARGE = 60 * 1024 * 1024
"""A mail of 40 MB in base64."""


def operations(dry_run: DryRun) -> tuple[Operation, ...]:
    """The rows."""
    return (*_messages(), *_tickets(), *_ticket_changes(), *_others(dry_run))


def _messages() -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path="/api/messages/{id}",
            name="showMessage",
            summary="One message, from the moment of its acceptance.",
            run=messages.show,
            answers=(OneMessage, PendingMessage),
        ),
        Operation(
            method="POST",
            path="/api/messages",
            name="reportMessage",
            summary="Create a message that a caller or agent reports.",
            run=messages.Reporter().report,
            body=NewMessage,
            answers=(Accepted,),
            status=202,
            refusals=(404,),
        ),
    )


def _tickets() -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path="/api/tickets",
            name="listTickets",
            summary="Tickets, the newest first.",
            run=tickets.index,
            query=TicketQuery,
            answers=(Page[TicketLine],),
            refusals=(404,),
        ),
        Operation(
            method="GET",
            path="/api/tickets/{ref}",
            name="showTicket",
            summary="One ticket with everything.",
            run=tickets.show,
            query=OfTenant,
            answers=(Ticket,),
        ),
    )


def _ticket_changes() -> tuple[Operation, ...]:
    return (
        Operation(
            method="PATCH",
            path="/api/tickets/{ref}",
            name="changeTicket",
            summary="Change a ticket. Who changed what is in its activities.",
            run=tickets.patch,
            query=OfTenant,
            body=TicketPatch,
            answers=(Ticket,),
            refusals=(409,),
        ),
        Operation(
            method="POST",
            path="/api/tickets/{ref}/messages",
            name="answerTicket",
            summary="Record a note, or an outgoing message: gives the ids and header fields to send it with.",
            run=tickets.answer,
            query=OfTenant,
            body=NewTicketMessage,
            answers=(Issued,),
            status=201,
        ),
    )


def _others(dry_run: DryRun) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path="/api/events",
            name="listEvents",
            summary="What happened, in order, after the event with this cursor.",
            run=events.index,
            query=Paged,
            answers=(Page[Event],),
            refusals=(404,),
        ),
        *_dead_letters(),
        Operation(
            method="POST",
            path="/api/explain",
            name="explain",
            summary="Dry run of a delivery: where it would go, and why. Nothing is stored.",
            run=dry_run.explain,
            body=ExplainRequest,
            max_body=LARGE,
            answers=(Explanation,),
        ),
    )


def _dead_letters() -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path="/api/deadletters",
            name="listDeadLetters",
            summary="Messages that cannot become tickets now, the oldest first; or what is held for spam.",
            run=deadletters.index,
            query=DeadQuery,
            answers=(Page[DeadLine],),
            refusals=(404,),
        ),
        Operation(
            method="GET",
            path="/api/deadletters/{id}",
            name="showDeadLetter",
            summary="One dead letter with its original and its trace.",
            run=deadletters.show,
            answers=(Dead,),
        ),
        Operation(
            method="POST",
            path="/api/deadletters/{id}/replay",
            name="replayDeadLetter",
            summary="Put a dead letter back into the inbox. Spam is released, and not held for spam again.",
            run=deadletters.put_back,
            answers=(PendingMessage,),
            status=202,
            refusals=(409,),
        ),
        Operation(
            method="POST",
            path="/api/deadletters/{id}/discard",
            name="discardDeadLetter",
            summary="Give a dead letter up for good: it counts as suppressed.",
            run=deadletters.give_up,
            answers=(Discarded,),
        ),
    )
