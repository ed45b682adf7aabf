"""What all of Twilio's webhooks have in common: the fields of a request, and its signature.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from channels.contract import Delivery, Verified
from channels.errors import Malformed, NotVerified

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MAX_FIELDS = 1_000


class Fields(dict[str, list[str]]):
    """Values by name, in the order in which they came; `getlist` is what Twilio's validator asks."""

    def getlist(self, name: str) -> list[str]:
        return self[name]

    def one(self, name: str) -> str:
        """The value of a field, or empty. Raises Malformed where it has several that differ.

        They are signed as a set, without their order: nothing says which one was meant.
        """
        values = set(self.get(name, ()))
        if len(values) > 1:
            raise Malformed(f"The field {name} came with several values.")
        return values.pop() if values else ""


def read_fields(delivery: Delivery) -> Fields:
    """The fields of a request, wherever its method and type put them. Raises Malformed."""
    if delivery.method != "POST":
        return _decoded(query(delivery))
    if _type(delivery) == JSON:
        return _json(delivery.body)
    return _decoded(delivery.body.decode("utf-8", "replace"))


def query(delivery: Delivery) -> str:
    """The query of the URL, as it came."""
    return delivery.url.partition("?")[2].partition("#")[0]


def verify(delivery: Delivery, secrets: Sequence[str]) -> Verified:
    """Which Auth Token signed the request. Raises NotVerified; an empty token never verifies (R36).

    The scheme has no time in it: what is sent twice is known by its id alone.
    """
    given = delivery.header(SIGNATURE_HEADER.lower())
    if not given:
        raise NotVerified(f"The header {SIGNATURE_HEADER} is missing.")
    algorithm = get_signature_algorithm(delivery.header(SIGNATURE_SETTINGS_HEADER.lower()))
    fields, urls = _signed_fields(delivery), _urls(delivery.url)
    for index, secret in enumerate(secrets):
        if secret and any(_is_signed(given, secret, url, fields, algorithm) for url in urls):
            return Verified(secret=index)
    raise NotVerified("The signature does not match.")


def _signed_fields(delivery: Delivery) -> Fields:
    """The fields that are signed beside the URL: those of a form. Any other body is signed by its digest."""
    if delivery.method != "POST":
        return Fields()
    if _type(delivery) == FORM:
        return read_fields(delivery)
    claimed = parse_qs(query(delivery)).get("bodySHA256", [""])[0]
    if not hmac.compare_digest(hashlib.sha256(delivery.body).hexdigest().encode(), _octets(claimed)):
        raise NotVerified("The body is not covered by the signature.")
    return Fields()


def _is_signed(given: str, secret: str, url: str, fields: Fields, algorithm: str) -> bool:
    try:
        expected = RequestValidator(secret).compute_signature(url, fields, algorithm)
    except ValueError as error:  # an algorithm that nobody knows, or text that is no UTF-8
        raise NotVerified("The signature cannot be checked.") from error
    # compare_digest instead of the validator's own comparison, which is constant in the source, not in the
    # interpreter. Which form of the URL was signed is no secret.
    return hmac.compare_digest(_octets(given), expected.encode())


def _urls(url: str) -> list[str]:
    """The URL as it came, with its port and without: Twilio signs sometimes one, sometimes the other."""
    try:
        parts = urlsplit(url)
        host, port = parts.netloc, parts.port
    except ValueError:
        return [url]
    bare = host.rpartition(":")[0] if port else host
    full = host if port else f"{host}:{443 if parts.scheme == 'https' else 80}"
    # Only the host is touched: taking the URL apart and joining it would lose an empty query.
    return list(dict.fromkeys(url.replace(f"//{host}", f"//{form}", 1) for form in (host, bare, full)))


def _type(delivery: Delivery) -> str:
    return (delivery.header("content-type") or FORM).partition(";")[0].strip().lower()


@lru_cache(maxsize=1)
def _decoded(text: str) -> Fields:
    """The fields of a form, remembered from `verify` to `parse`. Not to be changed."""
    fields = Fields()
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Malformed("The form has too many fields.") from error
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def _json(body: bytes) -> Fields:
    try:
        values = msgspec.json.decode(body, type=dict[str, str | int | float | bool | None])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Malformed("The body is not a flat JSON object.") from error
    return Fields({name: [str(value)] for name, value in values.items() if value is not None})


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
