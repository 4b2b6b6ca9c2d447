"""HTML to the words a reader sees, over a parsed tree. Pure; knows nothing of cleaning or of mails.

`too_costly` tells what was built to make parsers slow; `html_bare` reads that.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from channels.email.parse.reply_signature import signed_line

_UNSEEN = frozenset(
    "head style script title template noscript meta link object embed iframe svg math select "
    "textarea button audio video map datalist noframes".split()
)
BLOCK = frozenset(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html li main menu nav ol p pre "
    "section summary table tbody tfoot thead tr ul caption".split()
)
_SPACED = frozenset("p h1 h2 h3 h4 h5 h6 ul ol dl table pre blockquote hr".split())
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?:px|pt|em|%)?"
    r"\s*(?:;|!|$)|max-height\s*:\s*0(?:px)?\s*(?:;|!|$)",
    re.IGNORECASE,
)
_QUOTE_HINT = re.compile(r"border-left|cite", re.IGNORECASE)
_QUOTE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:yahoo_quoted|gmail_quote|cite|protonmail_quote|zmail_extra|quote|"
    r"tutanota_quote|moz-cite|isreplycontent)",
    re.IGNORECASE,
)
_QUOTED_BOX = re.compile(r"\b(?:yahoo_quoted|protonmail_quote|moz-cite-prefix)\b", re.IGNORECASE)
_SIGNATURE_BOX = re.compile(
    r"^(?:x_)*(?:gmail_signature\w*|moz-signature|protonmail_signature_block[\w-]*|signature|"
    r"ms-outlook-mobile-signature|mail-sign|\w*yahoo-signature|lark-mail-signature|"
    r"tutanota_signature)$",
    re.IGNORECASE,
)
_SIGNATURE_BEGINS = "lineBreakAtBeginningOfSignature"
_FOXMAIL_RULE = "#b5c4df"
_SPACES = re.compile(r"[ \t\r\n\f]+")
_INVISIBLE = re.compile("[\u00ad\u034f\u200b\u2060\ufeff]")
_ROUGH_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_SELF_CLOSING = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li td th tr dt dd "
    "tbody thead tfoot option colgroup".split()
)
_MAX_TAGS = 100_000
_ANY_TAG = re.compile(r"<[^<>]*>")
_LONG_TAG = 10_000
_MANY_ATTRIBUTES = 1000
_MAX_WORK = 20_000_000
_MAX_DEPTH = 400


def too_costly(source: str) -> bool:
    """Whether a tree of this HTML could be so big or deep that parsers need quadratic time."""
    if source.count("&") > 60_000 or source.count("<") > _MAX_TAGS:
        return True
    if len(source) > _LONG_TAG and any(
        len(tag) > _LONG_TAG and len(tag.split()) > _MANY_ATTRIBUTES
        for tag in _ANY_TAG.findall(source)
    ):
        return True
    open_tags: dict[str, int] = {}
    depth = deepest = tags = 0
    for match in _ROUGH_TAG.finditer(source):
        tags += 1
        tag = match[2].lower()
        if tag in _SELF_CLOSING:
            continue
        opened = open_tags.get(tag, 0)
        if not match[1]:
            open_tags[tag] = opened + 1
            depth += 1
            deepest = max(deepest, depth)
        elif opened:
            open_tags[tag] = opened - 1
            depth -= 1
        if deepest > _MAX_DEPTH:
            return True
    return tags * deepest > _MAX_WORK


class _Writer:
    """Collects words into lines as a browser would lay them out, roughly."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._line: list[str] = []
        self._glue = False  # a space is due before the next word
        self._blank = False  # a blank line is due before the next line
        # Entered elements, with what leaving them undoes: (tag, quoted, signed, preformatted).
        self.within: list[tuple[str, bool, bool, bool]] = []
        self._quoted = 0
        self._signed = 0
        self._pre = 0

    def open(
        self, tag: str, attributes: dict[str, str | None], *, marks: bool, has_words: bool
    ) -> None:
        if tag in BLOCK:
            self.newline(blank=tag in _SPACED)
        elif tag in ("td", "th"):
            self.space()
        if not has_words:
            return
        quoted = marks and _is_quote(tag, attributes)
        signed = marks and not quoted and _is_signature(attributes)
        pre = tag == "pre" or "white-space:pre" in (attributes.get("style") or "")
        self.within.append((tag, quoted, signed, pre))
        self._quoted += quoted
        self._signed += signed
        self._pre += pre

    def close(self) -> bool:
        """Leave the innermost element; False when none is open."""
        if not self.within:
            return False
        tag, quoted, signed, pre = self.within.pop()
        if tag in BLOCK:
            self.newline(blank=tag in _SPACED)
        elif tag in ("td", "th"):
            self.space()
        self._quoted -= quoted
        self._signed -= signed
        self._pre -= pre
        return True

    def signature_line(self) -> None:
        self.newline()
        self._words("--")
        self.newline()

    def text(self, text: str) -> None:
        text = _INVISIBLE.sub("", text)
        if self._pre:
            first, *others = text.replace("\r\n", "\n").split("\n")
            self._words(first)
            for line in others:
                self.newline(force=True)
                self._words(line)
            return
        collapsed = _SPACES.sub(" ", text)
        if collapsed == " ":
            self._glue = bool(self._line)
            return
        if collapsed.startswith(" "):
            self._glue = bool(self._line)
            collapsed = collapsed[1:]
        trailing = collapsed.endswith(" ")
        self._words(collapsed[:-1] if trailing else collapsed)
        self._glue = trailing

    def _words(self, words: str) -> None:
        if not words:
            return
        if self._glue:
            self._line.append(" ")
            self._glue = False
        self._line.append(words)

    def space(self) -> None:
        self._glue = bool(self._line)

    def newline(self, *, force: bool = False, blank: bool = False) -> None:
        if self._line or force:
            line = "".join(self._line).replace("\xa0", " ").rstrip()
            prefix = "> " * self._quoted
            if self._blank and self.lines and self.lines[-1].strip("> "):
                self.lines.append(prefix.rstrip())
            self._blank = False
            line = (prefix + line).rstrip()
            self.lines.append(signed_line(line) if line and self._signed else line)
            self._line = []
        self._glue = False
        self._blank = self._blank or blank

    def result(self) -> str:
        self.newline()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.lines)).strip("\n")


def visible_text(source: str, *, quote_marks: bool = False) -> str:
    """The visible words. `quote_marks` puts `> ` before the lines of quoted blocks, and marks
    those of signatures for `fold_reply`.

    Ask `too_costly` before.
    """
    if not source.strip():
        return ""
    root = LexborHTMLParser(source).root
    if root is None:
        return ""
    writer = _Writer()
    node: LexborNode | None = root
    while node is not None:
        tag = node.tag or ""
        child: LexborNode | None = None
        if tag == "-text":
            writer.text(node.text_content or "")
        elif not tag.startswith(("-", "_", "!")) and tag not in _UNSEEN:
            attributes = node.attributes
            if tag == "br":
                writer.newline(force=True)
            elif not _hidden(attributes):
                child = node.child
                writer.open(tag, attributes, marks=quote_marks, has_words=child is not None)
            if quote_marks and _begins_signature(tag, attributes):
                writer.signature_line()
        if child is not None:
            node = child
            continue
        following = node.next
        while following is None and writer.close():
            parent = node.parent
            if parent is None:
                break
            node = parent
            following = node.next
        node = following if writer.within else None
    return writer.result()


def _hidden(attributes: dict[str, str | None]) -> bool:
    if "hidden" in attributes:
        return True
    style = attributes.get("style")
    return bool(style) and _HIDDEN_STYLE.search(style or "") is not None


def _is_quote(tag: str, attributes: dict[str, str | None]) -> bool:
    classes = attributes.get("class") or ""
    if tag == "blockquote":
        return bool(
            (attributes.get("type") or "").lower() == "cite"
            or attributes.get("cite")
            or _QUOTE_CLASS.search(classes)
            or _QUOTE_HINT.search(attributes.get("style") or "")
            or _QUOTE_HINT.search(attributes.get("id") or "")
        )
    return bool(classes) and _QUOTED_BOX.search(classes) is not None


def _begins_signature(tag: str, attributes: dict[str, str | None]) -> bool:
    return (tag == "br" and attributes.get("id") == _SIGNATURE_BEGINS) or (
        tag == "hr" and attributes.get("color") == _FOXMAIL_RULE
    )


def _is_signature(attributes: dict[str, str | None]) -> bool:
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".split()
    return any(_SIGNATURE_BOX.match(name) for name in names)
