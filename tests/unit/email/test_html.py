"""HTML that is safe to show, and its words."""

from __future__ import annotations

import time

import pytest

from channels.email.parse import parse
from channels.email.parse.html_bare import bare_text
from channels.email.parse.html_text import too_costly, visible_text
from tests.unit.email.mails import HEAD


def html(source: str) -> bytes:
    return f"{HEAD}Content-Type: text/html; charset=utf-8\n\n{source}".encode()


@pytest.mark.parametrize(
    "source",
    [
        "<script>x()</script>",
        "<img src=x onerror=y()>",
        '<a href="javascript:x()">l</a>',
        '<a href=" java\tscript:x()">l</a>',
        '<a href="data:text/html,x">l</a>',
        '<form action="https://evil.example"><input name=q></form>',
        '<iframe src="https://evil.example"></iframe>',
        '<style>@import "https://evil.example/x"</style>',
        '<p style="background:url(https://evil.example/x)">t</p>',
        '<p style="position:fixed;top:0">t</p>',
        '<link rel=stylesheet href="https://evil.example/x">',
        '<meta http-equiv=refresh content="0;url=https://evil.example">',
        '<base href="https://evil.example">',
        "<svg><script>x()</script></svg>",
        '<object data="https://evil.example"></object>',
        '<table background="https://evil.example/x"><tr><td>t</table>',
        '<img srcset="https://evil.example/x 2x">',
        "<noscript><p title='</noscript><img src=x onerror=y()>'>",
        '<math><mtext><table><mglyph><style><img src=x onerror="y()">',
        '<video poster="https://evil.example/x"></video>',
        '<img src="data:image/svg+xml,<svg onload=y()>">',
    ],
)
def test_nothing_runs_loads_or_escapes(source: str) -> None:
    cleaned = parse(html(f"<p>before</p>{source}")).html.lower()
    assert "before" in cleaned
    for bad in (
        *("<script", "onerror", "onload", "javascript:", "<form", "<input", "<iframe", "<style"),
        *("url(", "position", "<link", "<meta", "<base", "<svg", "<object", " background="),
        *("srcset", "poster", "data:text", "svg+xml", ' src="http'),
    ):
        assert bad not in cleaned


def test_images_are_mapped_or_gated() -> None:
    cleaned = parse(
        html('<img src="cid:a@b"><img alt=x src="https://e.example/x.png" width=1>')
    ).html
    assert '<img src="cid:a@b">' in cleaned
    assert 'data-remote-src="https://e.example/x.png"' in cleaned
    assert ' src="https' not in cleaned


def test_tables_and_links_stay() -> None:
    cleaned = parse(html('<table><tr><td colspan=2>a</td></tr></table><a href="tel:+1">c</a>')).html
    assert '<td colspan="2">a</td>' in cleaned
    assert 'href="tel:+1"' in cleaned
    assert "noopener" in cleaned


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two", "one\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<b>a</b><i>b</i> c", "ab c"),
        ("a\n   b\tc", "a b c"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a&nbsp;b &lt;c&gt; &#x4f60;", "a b <c> 你"),
        ("<style>p{}</style><title>t</title>a<script>b</script>", "a"),
        ('<div style="display:none">preheader</div>seen', "seen"),
        ('<span style="font-size:0">x</span><span hidden>y</span>seen', "seen"),
        ("<!-- no -->a<!--[if mso]>b<![endif]-->", "a"),
        ("<ul><li>a<li>b</ul>c", "a\nb\n\nc"),
        ("a\u200bb\u00adc", "abc"),
        ("&#xd800;a&#0;b", "\ufffda\ufffdb"),
        ("", ""),
    ],
)
def test_visible_words(source: str, text: str) -> None:
    assert visible_text(source) == text


@pytest.mark.parametrize(
    ("source", "reply"),
    [
        (
            (
                '<div>New.</div><div class="gmail_quote"><div class="gmail_attr">On Tue, 3 Mar '
                "2026 "
                'at 9:00, S &lt;<a href="mailto:s@d.example">s@d.example</a>&gt; wrote:<br></div>'
                '<blockquote class="gmail_quote" style="margin:0">old</blockquote></div>'
            ),
            "New.",
        ),
        (
            (
                '<div class="gmail_quote"><div class="gmail_attr">On Tue, 3 Mar 2026 at 9:00, S '
                '&lt;s@d.example&gt; wrote:</div><blockquote class="gmail_quote">q1</blockquote>'
                '<div>answer</div><blockquote class="gmail_quote">q2</blockquote></div>'
            ),
            "answer",
        ),
        (
            (
                "<p>New.</p><hr><div id=divRplyFwdMsg><b>From:</b> S &lt;s@d.example&gt;<br>"
                "<b>Sent:</b> Tuesday<br><b>To:</b> J<br><b>Subject:</b> x</div><div>old</div>"
            ),
            "New.",
        ),
        (
            "New.<br><blockquote type=cite><div>On Mar 3, 2026, S wrote:</div>old</blockquote>",
            "New.",
        ),
        (
            (
                '<div>New.</div><div class="moz-cite-prefix">On 3/3/26 9:00, S wrote:<br></div>'
                '<blockquote type="cite">old</blockquote>'
            ),
            "New.",
        ),
        (
            (
                '<div>New.</div><div class="yahoo_quoted"><div>On Tuesday, S wrote:</div>'
                "<div>old</div>"
                "</div>"
            ),
            "New.",
        ),
        (
            (
                "<div>好的</div><div><includetail><div style='font-size:12px'>"
                "------------------&nbsp;"
                "原始邮件&nbsp;------------------</div><div>发件人: S</div>"
                "<div>发送时间: 2026</div>"
                "<div>收件人: x</div><div>主题: y</div></div><div>旧</div></includetail></div>"
            ),
            "好的",
        ),
        (
            (
                "<div>好的</div><blockquote style='margin-left:0.5em'><div>&nbsp;</div><div>"
                "<b>发件人：</b>S</div><div><b>发送时间：</b>2026</div><div><b>收件人：</b>x</div>"
                "<div><b>主题：</b>y</div><div>旧</div></blockquote>"
            ),
            "好的",
        ),
        (
            (
                '<div>See:</div><div class="gmail_quote"><div class="gmail_attr">----------'
                " Forwarded "
                "message ---------<br>From: S<br></div>kept</div>"
            ),
            "See:\n\n---------- Forwarded message ---------\nFrom: S\nkept",
        ),
        ("<p>New.</p><p>Sent from my iPhone</p>", "New."),
        ('<p>New.</p><div class="gmail_signature">Jane<br>Director</div>', "New."),
        ('<p>New.</p><div class="moz-signature">Jane</div>', "New."),
        ('<p>New.</p><div id="Signature"><p>Jane</p></div><p>More.</p>', "New.\n\nMore."),
        ('<div>New.<br id="lineBreakAtBeginningOfSignature"><div>Jane</div></div>', "New."),
        ('<div>好的</div><hr color="#b5c4df" align="left"><div>z@x.example</div>', "好的"),
        ('<div class="gmail_signature">my own words</div>', None),
        (
            (
                "<p>FYI</p><div>---------- Forwarded message ---------<br>From: S<br></div>kept"
                '<div class="gmail_signature">S of Demo</div>'
            ),
            "FYI\n\n---------- Forwarded message ---------\nFrom: S\nkept\nS of Demo",
        ),
        (
            (
                "<div>New.</div><div>---- On Mon, 2 Mar 2026 S &lt;s@demo.example&gt; wrote ---"
                '</div><blockquote style="margin:0">old</blockquote>'
            ),
            "New.",
        ),
        ("<p>As the law says:</p><blockquote>my own words</blockquote>", None),
    ],
)
def test_new_words_of_html(source: str, reply: str | None) -> None:
    parsed = parse(html(source))
    assert not any(line.startswith(">") for line in parsed.text.split("\n"))
    if reply is None:
        assert "my own words" in parsed.reply_text
    else:
        assert parsed.reply_text == reply


@pytest.mark.parametrize(
    "source",
    ["<div>" * 3000, "<b id=x><p>" * 3000, "&amp;" * 70_000, "<p>x" * 120_000],
)
def test_costly_html_gives_its_words(source: str) -> None:
    assert too_costly(source)
    parsed = parse(html(source + "end"))
    assert "end" in parsed.text
    assert "end" in parsed.html
    assert any(problem.startswith("html:") for problem in parsed.problems)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>a</p><style>x</style>b", "a\nb"),
        ("<!-- x -->a<br>b", "a\nb"),
        ("<script>never closed", "never closed"),
        ("a < b", "a < b"),
        ("<!--", ""),
        ("a&lt;b", "a<b"),
        (
            "caf&eacute; &#20320;&#x597d;&amp;lt; &nbsp;x &bogus; AT&T",
            "café 你好&lt; x &bogus; AT&T",
        ),
        ("<head><title>t</title><style>p{}</style></head><p>a<STYLE>b</Style>c", "ac"),
        ("<table><tr><td>a<td>b</tr><tr><td>c", "a b\n\nc"),
        ("a<b>b</b>c<Br/>d", "abc\nd"),
        ("<header>a</header><headline>b", "a\nb"),
        ("<!-- <style> -->a<style>b</style>c<!-- never", "ac never"),
        ("İ<script>x</script>y", "İy"),
    ],
)
def test_bare_words(source: str, text: str) -> None:
    assert bare_text(source).strip() == text


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("<<i>b>c", "<b>c"),
        ("1<2 and <i>c</i>>d", "1<2 and c>d"),
        ("<!-- <p>x</p> y", "x\ny"),
        ("&am&#112;;", "&amp;"),
        ("&amp;lt;", "&lt;"),
        ("&ampx; &amp .", "&x; & ."),
        ("&lt;b&gt;<td>c</td>.", "<b> c ."),
        ("<h1x><o:p>d</o:p><br/>e", "d\ne"),
        ("<3>", "<3>"),
    ],
)
def test_what_is_repeated_is_read_as_it_is_once(unit: str, words: str) -> None:
    for often in (1, 100_000):
        read = bare_text(f"{unit}|" * often).removesuffix("|").split("|")
        assert {one.strip() for one in read} == {words}
        assert len(read) == often


@pytest.mark.thorough
@pytest.mark.parametrize(
    "unit",
    ["<p>word</p>", "<b>x</b>", "<", "<!", "<>", "a<br>", "&ampx &", "&nbsp;<i>y</i> "],
)
def test_the_largest_html_leaves_time(unit: str) -> None:
    """On a machine that has other things to do, too."""
    size = 25 * 1024 * 1024
    began = time.process_time()
    parsed = parse(html(unit * (size // len(unit))))
    assert time.process_time() - began < 4
    assert any(problem.startswith("html:") for problem in parsed.problems)


@pytest.mark.parametrize(
    "filler", ["<div>", "<p>x</p>", "<b>y</b>&amp;"], ids=["deep", "many", "references"]
)
def test_costly_html_is_as_readable_as_any(filler: str) -> None:
    rest = "<style>p{}</style><script>s()</script><p>caf&eacute;</p><p>&#20320;&#22909;</p>"
    parsed = parse(html(filler * 120_000 + rest))
    assert parsed.text.endswith("café\n\n你好")
    for told in (parsed.text, parsed.html):
        assert "café" in told
        assert "p{}" not in told
        assert "s()" not in told
        assert "&#" not in told
        assert "&eacute" not in told


def test_pieces_cut_neither_tags_nor_references() -> None:
    unit = '<a href="https://x.example/long">caf&eacute;</a> '
    assert bare_text(unit * 60_000) == ("café " * 60_000).strip()
    assert bare_text("&eacute;" * 400_000) == "é" * 400_000
    assert set(bare_text("x" * 3_000_000)) == {"x"}
