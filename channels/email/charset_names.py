"""Which of Python's codecs reads a charset, under all the names that mails give it."""

from __future__ import annotations

import encodings.aliases
import re
from functools import lru_cache

_PUNCTUATION = re.compile(r"[^a-z0-9]+")

# Codec, then names without punctuation: supersets and misspellings. The supersets are what browsers read
# by these labels (https://encoding.spec.whatwg.org/#names-and-labels): mailers do say latin1 for cp1252, and
# Shift_JIS for cp932. US-ASCII and "unknown" say nothing: the bytes are then judged as UTF-8 first.
_NAMES: tuple[tuple[str, str], ...] = (
    (
        "utf-8",
        "ansix341968 ascii asciii usascii us 646 iso646us default unknown unknown8bit xunknown 8bit binary",
    ),
    ("utf-8", "utf8 u8 none utf uft8 utf08 utf8mb4 unicode cp65001 unicode11utf8 iso10646 usacii utf8n"),
    ("utf-7", "unicode11utf7 unicode20utf7"),
    ("cp1252", "iso88591 88591 latin1 l1 isolatin1 iso885911987 1 cp819 ibm819 ansi xansi winlatin1"),
    ("cp1252", "iso88591windows30latin1 windowslatin1 xwindows1252 iso8859"),
    ("cp1254", "iso88599 latin5 iso88595windowslatin5"),
    ("cp874", "iso885911 tis620"),
    ("iso8859-8", "iso88598i iso88598e logical visual"),
    ("iso8859-6", "iso88596i iso88596e"),
    ("iso8859-15", "latin9 iso885915fdis"),
    ("gb18030", "gb2312 gb231280 gbk xgbk euccn cngb cp936 ms936 windows936 chinesesimplified chinese"),
    ("big5hkscs", "big5 xxbig5 cnbig5 xbig5"),
    ("cp950", "windows950"),
    ("cp932", "shiftjis sjis xsjis shiftjisms mskanji windows31j cp943 shiftjisx0213"),
    ("euc_jp", "xeucjp eucjpms xeuc"),
    ("iso2022_jp_ext", "iso2022jp iso2022jpms cp50220 cp50221 cp50222 jis"),
    ("cp949", "euckr ksc56011987 ksc5601 ksc56011992 uhc windows949 korean"),
    ("koi8_r", "koi8 koi xkoi8r"),
    ("cp1251", "cyrillicwindows"),
    ("mac_roman", "macintosh mac xmacroman xmac"),
    ("mac_cyrillic", "xmaccyrillic"),
    ("mac_latin2", "xmacce"),
)
_PAGES = (*range(1250, 1259), 437, 737, 775, 850, 852, 855, 857, 858, 860, 862, 863, 864, 865, 866, 874)
# Codecs that do not turn bytes into what a person wrote, or that are slow on hostile input.
_NEVER = frozenset({
    "base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "idna",
    "unicode_escape", "raw_unicode_escape", "punycode", "undefined", "mbcs", "oem", "charmap",
})  # fmt: skip
_WIDE = (
    "utf_",
    "utf-1",
    "utf-3",
    "utf-7",
    "gb",
    "big5",
    "cp93",
    "cp94",
    "cp95",
    "euc",
    "iso2022",
    "hz",
    "johab",
)


def _table() -> dict[str, str]:
    # Every codec that Python ships. `codecs` is never asked for a name that a sender made up: it would look
    # for a module of that name on disk, and remember the miss for ever.
    table = {_PUNCTUATION.sub("", name): codec for name, codec in encodings.aliases.aliases.items()}
    table |= {_PUNCTUATION.sub("", codec): codec for codec in encodings.aliases.aliases.values()}
    for page in _PAGES:
        table |= dict.fromkeys(
            (f"{kind}{page}" for kind in ("windows", "win", "cp", "xcp", "ibm")), f"cp{page}"
        )
    table = {name: codec for name, codec in table.items() if codec not in _NEVER}
    return table | {name: codec for codec, names in _NAMES for name in names.split()}


_CODECS = _table()


@lru_cache(maxsize=512)
def codec_of(declared: str) -> str | None:
    """Python's codec for a charset as mails spell it, or None where there is none."""
    name = _PUNCTUATION.sub("", declared.lower()[:60])
    return _CODECS.get(name) or _CODECS.get(name.removeprefix("charset"))


def one_byte(codec: str) -> bool:
    """Whether each byte of the codec is a character by itself: such text always reads, right or wrong."""
    return not codec.startswith(_WIDE)
