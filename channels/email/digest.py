"""One hash of what the sender wrote: the same by whatever way it came, another for other content."""

from __future__ import annotations

import hashlib

from channels.email.fields import Fields
from channels.email.mime import Part, Tree

_WRITTEN = ("from", "to", "cc", "subject", "date", "message-id")


def digest(raw: bytes, tree: Tree) -> str:
    """Hex SHA-256 over the author's fields and the decoded contents.

    Each hop adds trace fields, and may change line ends and transfer encodings: none of that counts (R5).
    """
    hashed = _written(tree.root.fields)
    _contents(hashed, raw, tree.root)
    return hashed.hexdigest()


def digest_undivided(fields: Fields, body: bytes) -> str:
    """The same over a body whose parts could not be read."""
    hashed = _written(fields)
    _add(hashed, b"", body)
    return hashed.hexdigest()


def _written(fields: Fields) -> hashlib._Hash:
    hashed = hashlib.sha256()
    for name in _WRITTEN:
        for value in fields.all(name):
            _add(hashed, name.encode(), b" ".join(value.split()))
    return hashed


def _contents(hashed: hashlib._Hash, raw: bytes, part: Part) -> None:
    for child in part.children:
        _contents(hashed, raw, child)
    if not part.children:
        content = part.content(raw)
        if part.encoding != "base64" or part.type.startswith("text/"):
            content = content.replace(b"\r\n", b"\n").rstrip()
        _add(hashed, part.type.encode("utf-8", "replace"), content)


def _add(hashed: hashlib._Hash, label: bytes, content: bytes) -> None:
    """Lengths go in front, so that no content can pass for two."""
    hashed.update(b"%d:%d:" % (len(label), len(content)))
    hashed.update(label)
    hashed.update(content)
