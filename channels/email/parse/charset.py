"""Bytes to text, whatever charset was declared. Never raises, never yields a lone surrogate.

The order is: declared, UTF-8, GB18030, detector. Single-byte charsets decode anything, so a
declared one is believed only after UTF-8 and Chinese bytes have been ruled out.
"""

from __future__ import annotations

import codecs
import encodings.aliases
import re
from functools import lru_cache

_REFUSED = frozenset(
    "base64_codec bz2_codec hex_codec idna mbcs oem punycode quopri_codec raw_unicode_escape "
    "rot_13 undefined unicode_escape unicode_internal uu_codec zlib_codec".split()
)
_CODECS = (frozenset(encodings.aliases.aliases.values()) | {"cp874", "cp1006", "koi8_t"}) - _REFUSED
# WHATWG Encoding's labels and what clients really write; supersets for their subsets.
_ALIASES = {
    "ascii": "cp1252",
    "latin_1": "cp1252",
    "8bit": "",
    "ansi": "cp1252",
    "binary": "",
    "default": "",
    "unknown": "",
    "unknown_8bit": "",
    "x_unknown": "",
    "x_user_defined": "",
    "us_ascii": "cp1252",
    "ansi_x3.4_1968": "cp1252",
    "utf": "utf_8",
    "utf8mb4": "utf_8",
    "utf_8mb4": "utf_8",
    "utf8_mb4": "utf_8",
    "unicode": "utf_16",
    "unicode_1_1_utf_8": "utf_8",
    "unicode_1_1_utf_7": "utf_7",
    "x_unicode_2_0_utf_7": "utf_7",
    "utf_8_sig": "utf_8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "x_gbk": "gb18030",
    "gb_2312_80": "gb18030",
    "gb_18030": "gb18030",
    "gb_18030_2000": "gb18030",
    "hz_gb_2312": "hz",
    "big5": "big5hkscs",
    "x_x_big5": "big5hkscs",
    "big5_eten": "cp950",
    "shift_jis": "cp932",
    "x_sjis": "cp932",
    "windows_31j": "cp932",
    "iso_2022_jp": "iso2022_jp_2",
    "iso_2022_jp_ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "x_euc_jp": "euc_jp",
    "euc_kr": "cp949",
    "ks_c_5601": "cp949",
    "ks_c_5601_1987": "cp949",
    "ks_c_5601_1989": "cp949",
    "x_windows_949": "cp949",
    "tis_620": "cp874",
    "windows_874": "cp874",
    "iso_8859_9": "cp1254",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "x_mac_cyrillic": "mac_cyrillic",
    "x_mac_roman": "mac_roman",
    "macintosh": "mac_roman",
    "koi8": "koi8_r",
    "x_cp1251": "cp1251",
}
_LABEL = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,40}", re.ASCII)
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_UTF8_MANY = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_UTF8_ANY = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_LONE = re.compile("[\ud800-\udfff]")
_EAST_ASIAN = frozenset(
    "gb18030 big5hkscs cp950 cp932 cp949 euc_jp euc_jis_2004 johab hz euc_jisx0213".split()
)
_SAMPLE = 64 * 1024
_DETECTABLE = [
    *("big5", "cp932", "euc_jp", "cp949", "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256"),
    *("cp874", "cp1250", "cp1252", "gb18030"),
]


@lru_cache(maxsize=512)
def codec_for(label: str) -> str | None:
    """The codec for a declared charset label; None when it names none that is safe to use."""
    name = label.strip().strip("\"'").lower().split("*")[0]
    if name.startswith("cs") and name[2:4] not in ("", "-"):
        name = name if name.replace("-", "_") in encodings.aliases.aliases else name[2:]
    if not _LABEL.fullmatch(name):
        return None
    plain = name.replace("-", "_").replace(":", "_")
    if plain in _ALIASES:
        return _ALIASES[plain] or None
    for candidate in (plain, plain.replace("cp_", "cp"), plain.removeprefix("x_")):
        normal = encodings.aliases.aliases.get(candidate.replace(".", "_"), candidate)
        if normal in _ALIASES:
            return _ALIASES[normal] or None
        if normal in _CODECS:
            return normal
    return None


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """Text of `data`, and what was wrong with `declared` (empty when nothing was)."""
    if data.isascii() and b"\x1b" not in data and not declared:
        return _without_nul(data.decode("ascii")), ""
    codec = codec_for(declared) if declared else None
    complaint = ""
    if declared and codec is None:
        complaint = f"{declared!r} is unknown"
    if codec and codec.startswith(("utf_16", "utf_32")):
        text = _wide(data, codec)
        if text is not None:
            return well_formed(text), ""
        complaint, codec = f"the bytes are not {declared!r}", None
    if data.isascii() and b"\x1b" not in data and codec not in ("utf_7", "hz"):
        return _without_nul(data.decode("ascii")), complaint
    text, used = _best(data, codec)
    if complaint or (codec and used != codec):
        reason = complaint or f"the bytes are not {declared!r}"
        complaint = f"{reason}, read as {used.replace('_', '-')}"
    elif declared and "\ufffd" in text:
        complaint = f"some bytes are not {declared!r}"
    elif not declared and used != "utf_8":
        complaint = f"none declared, read as {used.replace('_', '-')}"
    return well_formed(text), complaint


def well_formed(text: str) -> str:
    """The same text with lone surrogates replaced and NULs taken out."""
    if text.isascii() or not _LONE.search(text):
        return _without_nul(text)
    return _LONE.sub("\ufffd", text).replace("\0", "")


def _without_nul(text: str) -> str:
    return text.replace("\0", "") if "\0" in text else text


def _best(data: bytes, codec: str | None) -> tuple[str, str]:
    if data[:3] == codecs.BOM_UTF8:
        data = data[3:]
    if codec in (None, "utf_8", "cp1252") and b"\x1b$" in data:
        text = _strict(data, "iso2022_jp_2")
        if text is not None:
            return text, "iso2022_jp_2"
    if codec in (None, "utf_8", "cp1252") or codec in _EAST_ASIAN or _single_byte(codec):
        text = _strict(data, "utf_8")
        if text is not None and _truly_utf8(data, codec):
            return text, "utf_8"
    if codec == "utf_8":
        good = sum(map(len, _UTF8_ANY.findall(data[:_SAMPLE])))
        high = sum(map(len, _HIGH_RUN.findall(data[:_SAMPLE])))
        if good * 10 >= high * 8:  # UTF-8 with a few broken bytes
            return data.decode("utf_8", "replace"), "utf_8"
    elif codec == "cp1252":
        if looks_chinese(data):
            return data.decode("gb18030", "replace"), "gb18030"
        text = _strict(data, "cp1252")
        return (data.decode("latin_1") if text is None else text), "cp1252"
    elif codec:
        text = _strict(data, codec)
        if text is not None:
            return text, codec
        if codec == "big5hkscs":
            text = _strict(data, "cp950")
        elif codec == "iso2022_jp_2":
            text = _strict(data, "iso2022_jp_ext")
        if text is not None:
            return text, codec
        broken = data.decode(codec, "replace")
        if broken.count("\ufffd") * 20 <= len(broken):
            return broken, codec
    return _guess(data)


def _guess(data: bytes) -> tuple[str, str]:
    if looks_chinese(data):
        return data.decode("gb18030", "replace"), "gb18030"
    found = _cyrillic(data) or _detect(data)
    if found:
        return data.decode(found, "replace"), found
    text = _strict(data, "cp1252")
    return (data.decode("latin_1") if text is None else text), "cp1252"


def _detect(data: bytes) -> str | None:
    high = b" ".join(_HIGH_RUN.findall(data[:_SAMPLE]))
    if len(high) < 16:  # the detector is wrong on short text
        return "gb18030" if _all_han(data) else None
    from charset_normalizer import from_bytes

    match = from_bytes(data[: 8 * 1024], cp_isolation=_DETECTABLE, enable_fallback=False).best()
    return match.encoding if match is not None else None


def _cyrillic(data: bytes) -> str | None:
    """Words all of letters above C0: Cyrillic, whose lower half is KOI8-R's small letters."""
    runs = _HIGH_RUN.findall(data[:_SAMPLE])
    letters = b"".join(runs)
    upper_half = sum(1 for byte in letters if byte >= 0xC0)
    if len(letters) < 3 * len(runs) or upper_half * 10 < len(letters) * 9 or len(letters) < 4:
        return None
    low = sum(1 for byte in letters if 0xC0 <= byte < 0xE0)
    return "koi8_r" if low * 2 > upper_half else "cp1251"


def _all_han(data: bytes) -> bool:
    text = _strict(data, "gb18030")
    strange = [c for c in text or "" if ord(c) > 127]
    return len(strange) >= 2 and all("一" <= c <= "鿿" for c in strange) and _even_runs(data)


def _even_runs(data: bytes) -> bool:
    return all(len(run) % 2 == 0 for run in _HIGH_RUN.findall(data[:_SAMPLE]))


def looks_chinese(data: bytes) -> bool:
    """Whether 8-bit bytes are GB 2312 text: pairs, and most of them its everyday characters.

    Latin letters with accents stand alone or, in pairs, rarely begin with B0-D7.
    """
    pairs = everyday = 0
    for run in _HIGH_RUN.findall(data[:_SAMPLE]):
        if len(run) % 2:
            pairs += len(run) // 2  # counts against: a pair that isn't everyday
            continue
        for lead, trail in zip(run[::2], run[1::2], strict=True):
            if lead in (0xA1, 0xA3) and trail >= 0xA1:
                continue  # punctuation and full-width forms
            pairs += 1
            everyday += 0xB0 <= lead <= 0xD7 and trail >= 0xA1
    return everyday >= 2 and everyday * 10 >= pairs * 7


def _truly_utf8(data: bytes, codec: str | None) -> bool:
    """A legacy East Asian text is UTF-8 by accident now and then, but not with long sequences."""
    if codec in _EAST_ASIAN:
        return _UTF8_MANY.search(data) is not None and len(data) > 3
    return True


def _single_byte(codec: str | None) -> bool:
    return codec is not None and codec.startswith(("cp125", "iso8859", "koi8", "mac_", "cp8"))


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _wide(data: bytes, codec: str) -> str | None:
    """UTF-16 and UTF-32 with or without a mark; None when the bytes cannot be that."""
    if data.isascii() and b"\0" not in data and (len(data) % 2 or len(data.split()) > 1):
        return None
    if codec == "utf_16" and data[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        codec = "utf_16_be" if data[::2].count(0) > data[1::2].count(0) else "utf_16_le"
    text = data.decode(codec, "replace")
    return text.removeprefix("\ufeff")
