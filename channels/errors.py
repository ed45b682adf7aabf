"""Why a delivery is refused. Each class knows its HTTP status; the first line of its docstring is its title.

    Refusal
    ├── Malformed      400
    ├── NotVerified    401
    ├── NotFound       404
    ├── TooLarge       413
    ├── WrongType      415
    ├── Undeliverable  422
    ├── OverBudget     429
    └── Unavailable    503

The detail of a Refusal is shown to the caller: it never holds a computed value, a secret or an address.
"""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault of ours
    """The delivery was refused."""

    status: ClassVar[int] = 400
    reason: ClassVar[str] = "refused"

    def __init__(self, detail: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(detail or self.title())
        self.detail = detail
        self.retry_after = retry_after

    @classmethod
    def title(cls) -> str:
        """First line of the class's docstring, without the full stop."""
        return (cls.__doc__ or cls.__name__).splitlines()[0].rstrip(".")


class Malformed(Refusal):
    """The delivery is malformed."""

    status = 400
    reason = "malformed"


class NotVerified(Refusal):
    """The delivery is not verified."""

    status = 401
    reason = "not_verified"


class NotFound(Refusal):
    """There is no such provider or account."""

    status = 404
    reason = "not_found"


class TooLarge(Refusal):
    """The delivery is too large."""

    status = 413
    reason = "too_large"


class WrongType(Refusal):
    """The delivery has the wrong content type."""

    status = 415
    reason = "wrong_type"


class Undeliverable(Refusal):
    """The recipient is certainly unknown."""

    status = 422
    reason = "undeliverable"


class OverBudget(Refusal):
    """The account is over its budget."""

    status = 429
    reason = "over_budget"


class Unavailable(Refusal):
    """The message cannot be made durable now."""

    status = 503
    reason = "unavailable"
