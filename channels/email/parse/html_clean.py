"""HTML made safe to show: no script, no form, nothing that loads or escapes its box by itself.

`cid:` images stay as they are, for the console maps them to attachments; remote images lose
their `src` to `data-remote-src`, so that a person decides whether the sender learns of the
reading.
"""

from __future__ import annotations

import html
import re

import nh3

_TAGS = (nh3.ALLOWED_TAGS - {"map", "area"}) | {
    "font",
    "big",
    "tfoot",
    "section",
    "main",
    "address",
}
_DROPPED_WITH_CONTENT = {
    *("script", "style", "title", "noscript", "iframe", "object", "embed", "template"),
    *("select", "textarea", "svg", "math", "audio", "video", "noframes"),
}
_ATTRIBUTES: dict[str, set[str]] = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": {"style", "dir", "lang", "title", "align", "valign", "bgcolor", "width", "height"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "align", "border"},
    "font": {"color", "face", "size"},
    "blockquote": {"type"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "table": {"border", "cellpadding", "cellspacing", "summary", "width"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
}
for _names in _ATTRIBUTES.values():
    _names.discard("cite")
_STYLES = {
    *("color", "background-color", "font", "font-family", "font-size", "font-style"),
    *("font-weight", "text-align", "text-decoration", "text-indent", "line-height"),
    *("letter-spacing", "white-space", "vertical-align", "direction", "width", "height"),
    *("max-width", "min-width", "border", "border-top", "border-right", "border-bottom"),
    *("border-left", "border-color", "border-style", "border-width", "border-collapse"),
    *("border-spacing", "border-radius", "padding", "padding-top", "padding-right"),
    *("padding-bottom", "padding-left", "margin", "margin-top", "margin-right"),
    *("margin-bottom", "margin-left", "list-style-type", "display", "word-break"),
}
_SCHEMES = {"http", "https", "mailto", "tel", "sms", "cid", "data"}
_BAD_STYLE = re.compile(
    r"url\s*\(|image\s*\(|image-set|expression|import|javascript|behaviou?r|\\|/\*|var\s*\(",
    re.IGNORECASE,
)
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpe?g|gif|webp|bmp)[;,]", re.IGNORECASE)
_CID = re.compile(r"^\s*cid:", re.IGNORECASE)
# nh3 writes every attribute in double quotes, so a whole tag is matched exactly.
_TAG = re.compile(r'<([a-z][a-z0-9]*)((?:\s[^\s=>"]+="[^"]*")*)>')


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return ";".join(one for one in value.split(";") if not _BAD_STYLE.search(one))
    if name in ("src", "href"):
        scheme = value.strip().lower()
        if scheme.startswith("data:"):
            image = tag == "img" and _DATA_IMAGE.match(scheme) is not None
            return value if image else None
        if name == "href" and scheme.startswith("cid:"):
            return None
    return value


def _gate(match: re.Match[str]) -> str:
    tag, attributes = match[1], match[2]
    if tag != "img" or ' src="' not in attributes:
        return match[0]
    before, _, after = attributes.partition(' src="')
    if after.lower().startswith(("cid:", "data:")):
        return match[0]
    return f'<img{before} data-remote-src="{after}>'


def clean_html(source: str) -> str:
    """The cleaned fragment. Ask `too_costly` before."""
    cleaned = nh3.clean(
        source,
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes=_SCHEMES,
        url_relative="deny",
        filter_style_properties=_STYLES,
        link_rel="noopener noreferrer nofollow",
    )
    return _TAG.sub(_gate, cleaned)


def as_html(text: str) -> str:
    """Plain words as a harmless fragment."""
    return f'<div style="white-space:pre-wrap">{html.escape(text)}</div>' if text else ""
