"""Secrets at rest: sealed for one account, opened by any live key, rotated without a gap."""

from __future__ import annotations

import pytest

from storage.sealing import Sealer, SealError, new_key

OLD, NEW = new_key(), new_key()


def test_what_is_sealed_opens_again() -> None:
    """The same secret comes back, and two seals of it look different."""
    sealer = Sealer([OLD])
    first, second = sealer.seal("s3cret ä", "acc_1"), sealer.seal("s3cret ä", "acc_1")
    assert sealer.open(first, "acc_1") == "s3cret ä"
    assert first != second
    assert b"s3cret" not in first


@pytest.mark.parametrize(
    ("keys", "opens", "current"),
    [
        pytest.param([OLD], True, True, id="the key that sealed"),
        pytest.param([NEW, OLD], True, False, id="a newer key in front: it opens, and is to be sealed anew"),
        pytest.param([OLD, NEW], True, True, id="a further key behind it"),
        pytest.param([NEW], False, False, id="the key is gone"),
    ],
)
def test_rotation(keys: list[str], opens: bool, current: bool) -> None:
    """All keys open, the first one seals."""
    sealed, sealer = Sealer([OLD]).seal("s3cret", "acc_1"), Sealer(keys)
    assert sealer.is_current(sealed) is current
    if opens:
        assert sealer.open(sealed, "acc_1") == "s3cret"
    else:
        with pytest.raises(SealError, match="No key in INLET_SECRET_KEY"):
            sealer.open(sealed, "acc_1")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda s: s[:-1] + bytes([s[-1] ^ 1]), id="a bit was flipped"),
        pytest.param(lambda s: s[:20], id="it was cut"),
        pytest.param(lambda _: b"", id="it is empty"),
        pytest.param(lambda s: b"\x02" + s[1:], id="another form"),
    ],
)
def test_what_was_changed_does_not_open(spoil: object) -> None:
    """A damaged seal is an error in words, not an exception of the library."""
    sealer = Sealer([OLD])
    with pytest.raises(SealError):
        sealer.open(spoil(sealer.seal("s3cret", "acc_1")), "acc_1")  # type: ignore[operator]


def test_a_seal_is_bound_to_its_account() -> None:
    """P4: a row copied to another account opens nothing."""
    sealer = Sealer([OLD])
    with pytest.raises(SealError, match="another account"):
        sealer.open(sealer.seal("s3cret", "acc_1"), "acc_2")


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([], id="none"),
        pytest.param(["short"], id="too short"),
        pytest.param([OLD, "ü" * 43], id="no base64"),
    ],
)
def test_unusable_keys_are_told(keys: list[str]) -> None:
    """R37: in words that show nothing of the key."""
    with pytest.raises(SealError) as caught:
        Sealer(keys)
    assert all(key not in str(caught.value) for key in keys if key != "")
