"""A mail's HTML as a document that can't act: no script of its own, no form, no request unless
asked for.

It is shown in a sandboxed frame of no origin. Cleaning is done when served, so that a better
allow-list also holds for old mail; the document's own policy is the second wall, the frame's want
of an origin the third (ADR 19).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

import nh3

_TAGS = nh3.ALLOWED_TAGS | {"font", "u", "s", "big", "main", "section", "picture"}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"style", "dir", "lang", "align", "valign", "width", "height", "bgcolor", "title"},
    "a": {"href"},
    "img": {"src", "alt", "border"},
    "font": {"color", "face", "size"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap"},
    "col": {"span"},
    "colgroup": {"span"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "li": {"value"},
    "blockquote": {"type", "cite"},
}
_SCHEMES = {"http", "https", "mailto", "tel", "data", "cid"}
# The channel has taken the addresses of remote pictures out of `src` already.
_SET_ASIDE = re.compile(r'(<img(?:\s[^\s=>"]+="[^"]*")*\s)data-remote-src="')
_IMAGE_DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*\Z")
# What goes by the frame's height, which goes by the mail's: without a container of its own a mail
# measures by the frame. (A unit also stands alone: `attr(title vh)`.) Text set vertically breaks
# its lines at the frame's height.
_OF_THE_FRAME = re.compile(
    r"(?<![a-z_-])(?:[sld]?v(?:h|i|b|min|max)|cq(?:h|i|b|min|max))\b|writing-mode",
    re.IGNORECASE,
)

# The only script that the policy lets run, by its hash. To anybody: only our own pages can frame
# the document, and it says no more than how high it is and how many images it does without.
# Whatever makes the mail lower as the frame grows would go up and down for ever, so at each width
# (that of the page may hang on the height, by a scrollbar) it becomes lower only so many times.
_SCRIPT = """
const lowered = {}
let last = 0
const tell = () => {
  const root = document.documentElement
  const height = document.body.scrollHeight + innerHeight - root.clientHeight
  if (height < last) {
    lowered[innerWidth] = (lowered[innerWidth] ?? 0) + 1
    if (lowered[innerWidth] > 20) return
  }
  last = height
  parent.postMessage({ height, held: Number(root.dataset.held) }, '*')
}
addEventListener('DOMContentLoaded', () => new ResizeObserver(tell).observe(document.body))
addEventListener('resize', tell)
"""
_SCRIPT_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()

_PAGE = """<!doctype html>
<html data-held="{held}"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width"><base target="_blank"><style>
html{{color-scheme:light;background:#fff}}
body{{display:flow-root;margin:0;padding:12px;overflow-wrap:anywhere}}
body{{font:14px/1.5 system-ui,sans-serif;color:#1a1a1a}}
img{{max-width:100%;height:auto}} table{{max-width:100%}} pre{{white-space:pre-wrap}}
blockquote{{margin:0 0 0 8px;padding-left:8px;border-left:2px solid #ccc}}
</style><script>{script}</script></head><body>{body}</body></html>
"""


def policy(*, images: bool) -> str:
    """The document's Content-Security-Policy; links may open pages outside the sandbox."""
    sources = "data: https: http:" if images else "data:"
    return (
        f"default-src 'none'; script-src 'sha256-{_SCRIPT_HASH}'; img-src {sources}; "
        "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
        "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox"
    )


def references(source: str) -> set[str]:
    """The cids that images of the document name."""
    found: set[str] = set()

    def note(tag: str, name: str, value: str) -> str:
        if tag == "img" and name == "src" and value[:4].lower() == "cid:":
            found.add(value[4:].strip("<> "))
        return value

    nh3.clean(
        source,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=note,
        url_schemes=_SCHEMES,
    )
    return found


def document(source: str, pictures: Mapping[str, str], *, images: bool) -> str:
    """The whole page. `pictures`: data URIs by cid, put where the mail names that cid.

    Without `images` it says how many remote ones it does without.
    """
    held = 0

    def keep(tag: str, name: str, value: str) -> str | None:
        nonlocal held
        if tag == "img" and name == "src":
            scheme = value.partition(":")[0].strip().lower()
            if scheme == "cid":
                return pictures.get(value.strip()[4:].strip("<> "))
            if scheme == "data":
                return value if _IMAGE_DATA.match(value) else None
            if scheme not in ("http", "https"):
                return None
            held += not images
            return value if images else None
        if name in ("href", "cite") and value.strip()[:5].lower().startswith(("data:", "cid:")):
            return None
        if name == "style":
            if "url(" in value.lower() or "\\" in value:
                # A picture in a style would be a request; escapes could hide one.
                return None
            return ";".join(part for part in value.split(";") if not _OF_THE_FRAME.search(part))
        return value

    cleaned = nh3.clean(
        _SET_ASIDE.sub(r'\1src="', source),
        tags=_TAGS,
        clean_content_tags={"script", "style", "title"},
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return _PAGE.format(held=held, script=_SCRIPT, body=cleaned)


def data_uri(content_type: str, data: bytes) -> str:
    return f"data:{content_type};base64,{base64.b64encode(data).decode()}"
