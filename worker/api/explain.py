"""The dry run of the API."""

from __future__ import annotations

import base64
import binascii

from worker.api.operations import Call
from worker.api.problems import Refused
from worker.explain import Explainer
from worker.reading import Reader
from worker.shapes import ExplainRequest, Explanation
from worker.trial import Trial, TrialError, account_for


class DryRun:
    """Explains deliveries. Owns the process that reads their mails."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def explain(self, call: Call) -> Explanation:
        """What would become of a delivery. A key of a tenant tries it as that tenant's own (P4)."""
        body: ExplainRequest = call.body
        services = call.services
        explainer = Explainer(
            pool=services.pool,
            directory=await services.directories.refresh(),
            reader=self._reader,
            authserv_ids=services.authserv_ids,
            loop_keys=services.loop_keys,
        )
        try:
            account = await account_for(services.pool, body.provider, body.account, tenant=call.key.tenant)
            trial = Trial(
                account=account,
                payload=_payload(body),
                sender=body.sender,
                recipient=body.recipient,
                content_type=body.content_type,
            )
            return Explanation(messages=await explainer.explain(trial))
        except TrialError as error:
            raise Refused(422, str(error)) from None


def _payload(body: ExplainRequest) -> bytes:
    if body.encoding == "text":
        return body.payload.encode("utf-8", "replace")
    try:
        return base64.b64decode(body.payload, validate=True)
    except (binascii.Error, ValueError):
        raise TrialError("The payload is not base64.") from None
