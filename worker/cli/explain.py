"""The dry run: where a delivery would go, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.base import Failure, Json, content, postgres, print_json, print_table, say, settings, wait

if TYPE_CHECKING:
    from worker.settings import Settings
    from worker.shapes import Explained

MEMORY = 1 << 30
"""Bytes of address space that reading the mail may take."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(  # noqa: PLR0913, PLR0917 - one for each option
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An .eml or a payload; `-` reads standard input.")
    ],
    provider: Annotated[str, typer.Option("--provider", metavar="P", help="Whose delivery it is.")],
    account: Annotated[str | None, typer.Option("--account", metavar="A", help="Id of the account.")] = None,
    sender: Annotated[str | None, typer.Option("--from", metavar="F", help="MAIL FROM of a mail.")] = None,
    recipient: Annotated[str | None, typer.Option("--to", metavar="T", help="RCPT TO of a mail.")] = None,
    as_json: Json = False,
) -> None:
    """Say what would become of a delivery, and why. Nothing is stored."""
    payload = content(file)
    explained = wait(_explain(settings(), provider, account, payload, sender, recipient))
    if as_json:
        print_json({"messages": explained})
        return
    if not explained:
        say("Understood, and nothing for us: no message comes of it.")
    for one in explained:
        _print(one)


async def _explain(  # noqa: PLR0913, PLR0917 - what a trial is made of
    found: Settings,
    provider: str,
    account: str | None,
    payload: bytes,
    sender: str | None,
    recipient: str | None,
) -> list[Explained]:
    from storage.directory import Directories
    from worker.explain import Explainer
    from worker.keys import loop_keys
    from worker.reading import Reader
    from worker.trial import Trial, TrialError, account_for

    reader = Reader(seconds=found.read_seconds, memory=MEMORY)
    try:
        async with postgres(found.database_url) as pool:
            directories = Directories(
                found.database_url, pool, mail_domains=found.mail_domains, base_domains=found.base_domains
            )
            explainer = Explainer(
                pool=pool,
                directory=await directories.refresh(),
                reader=reader,
                authserv_ids=frozenset(found.authserv_ids),
                loop_keys=loop_keys(found.secret_keys),
            )
            known = await account_for(pool, provider, account)
            return await explainer.explain(
                Trial(account=known, payload=payload, sender=sender, recipient=recipient)
            )
    except TrialError as error:
        raise Failure(str(error), 2) from error
    finally:
        await reader.close()


def _print(one: Explained) -> None:
    say(_outcome(one))
    say(f"From     {one.sender.name} <{one.sender.address}>")
    say(f"Subject  {one.subject}")
    if one.tenant:
        say(f"Triage   {one.category}, {one.priority}, {one.type}, language {one.language or 'unknown'}")
    if one.flags:
        say(f"Flags    {', '.join(one.flags)}")
    for note in one.notes:
        say(f"Note     {note}")
    say("")
    rows = ((step.part, step.rule, step.answer, step.why) for step in one.steps)
    print_table(("ABOUT", "RULE", "ANSWER", "WHY"), rows, empty="No rule was asked.")
    say("")


def _outcome(one: Explained) -> str:
    """The end of it in one sentence."""
    return {
        "created": f"It would open a ticket of {one.tenant}.",
        "appended": f"It would be appended to {one.ticket} of {one.tenant}.",
        "duplicate": f"It is a duplicate of {one.duplicate_of}.",
        "suppressed": f"It would be suppressed: {one.reason}.",
        "dead": f"It would become a dead letter: {one.reason}.",
    }[one.state]
