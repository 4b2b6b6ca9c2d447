from __future__ import annotations

import base64
import hashlib
import re

import pytest

from agent_console.api.content_calls import disposition, picture_type, served_as
from agent_console.api.mail_html import document, policy, references
from channels.email.parse.html_clean import clean_html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        "<svg><script>alert(1)</script></svg>",
        '<form action="https://evil.example"><input name=p></form>',
        '<iframe src="https://evil.example"></iframe>',
        '<meta http-equiv="refresh" content="0;url=https://evil.example">',
        '<base href="https://evil.example/">',
        '<div style="background:url(https://evil.example/p.gif)">x</div>',
        '<div style="background:\\75rl(https://evil.example/p.gif)">x</div>',
        '<link rel=stylesheet href="https://evil.example/c.css">',
        '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
    ],
)
def test_nothing_hostile_survives(hostile: str) -> None:
    body = document(f"<p>hello</p>{hostile}", {}, images=False).partition("<body>")[2].lower()
    assert "<p>hello</p>" in body
    for trace in ("script", "onerror", "javascript", "<form", "<iframe", "<meta", "<base",
                  "<link", "svg", "evil.example", "data:"):  # fmt: skip
        assert trace not in body


def test_remote_images_come_only_when_asked_for() -> None:
    source = '<img src="https://cdn.example/a.png">'
    assert "cdn.example" not in document(source, {}, images=False)
    assert "cdn.example" in document(source, {}, images=True)
    assert "http" not in policy(images=False)


@pytest.mark.parametrize(
    "picture",
    [
        '<img src="https://cdn.example/a.png?b=1&amp;c=2">',
        '<img alt="&lt;img&gt; &quot;q&quot;" width="1" src="https://cdn.example/a.png?b=1&c=2">',
        "<p title='a > b'><IMG SRC='https://cdn.example/a.png?b=1&c=2' style='border:0'></p>",
    ],
)
def test_remote_images_of_a_mail_that_was_read_come_when_asked_for(picture: str) -> None:
    """What the parser makes of them is what the console is given."""
    words = "&lt;img data-remote-src=&quot;x&quot;&gt;"
    read = clean_html(f"{picture}<p>{words}</p>")
    hidden, shown = (document(read, {}, images=images) for images in (False, True))
    assert "cdn.example" not in hidden
    assert 'src="https://cdn.example/a.png?b=1&amp;c=2"' in shown
    assert (held(hidden), held(shown)) == (1, 0)
    for page in (hidden, shown):
        assert '&lt;img data-remote-src="x"&gt;' in page, "words stay words"


def held(page: str) -> int:
    found = re.search(r'<html data-held="(\d+)">', page)
    assert found is not None
    return int(found[1])


def test_it_is_said_how_many_images_are_held_back() -> None:
    logo = '<img src="cid:logo@mail"><img src="data:image/png;base64,AAAA"><img alt="none">'
    remote = '<img src="https://cdn.example/a.png"><img src="http://cdn.example/b.png">'
    pictures = {"logo@mail": "data:image/png;base64,AAAA"}
    assert held(document(logo, pictures, images=False)) == 0
    assert held(document(logo + remote, pictures, images=False)) == 2
    assert held(document(logo + remote, pictures, images=True)) == 0


@pytest.mark.parametrize(
    "measure",
    [
        *("height:100vh", "height:100DVH", "padding:1svb", "height:9e1vmin", "width:1.5lvmax"),
        *("height:120vi", "height:1dvi", "height:120cqh", "padding-top:101cqb", "height:9CQI"),
        *("font-size:50cqmin", "height:calc(1500px - 1cqmax)", "height:attr(title vh)"),
        *("writing-mode:vertical-rl", "-webkit-Writing-Mode:tb"),
    ],
)
def test_nothing_goes_by_the_height_of_the_frame_which_goes_by_the_mails(measure: str) -> None:
    page = document(f'<p style="color:red;{measure};margin:0">x</p>', {}, images=False)
    assert '<p style="color:red;margin:0">x</p>' in page


@pytest.mark.parametrize("measure", ["width:50vw", "width:50cqw", "font-family:Cq-vh,my_vb,Viola"])
def test_what_does_not_go_by_the_height_of_the_frame_stays(measure: str) -> None:
    assert f'style="{measure}"' in document(f'<p style="{measure}">x</p>', {}, images=False)


def test_pictures_of_the_mail_are_put_in_place() -> None:
    source = '<img src="cid:logo@mail"><img src="cid:unknown">'
    assert references(source) == {"logo@mail", "unknown"}
    page = document(source, {"logo@mail": "data:image/png;base64,AAAA"}, images=False)
    assert '<img src="data:image/png;base64,AAAA">' in page
    assert "cid:" not in page


def test_the_document_is_of_no_origin_and_runs_our_script_alone() -> None:
    page = document("<script>alert(1)</script><p>words</p>", {}, images=True)
    [script] = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    for images in (False, True):
        parts = dict(part.strip().partition(" ")[::2] for part in policy(images=images).split(";"))
        assert parts["default-src"] == "'none'"
        assert parts["script-src"] == f"'sha256-{hashed}'"
        assert "allow-same-origin" not in parts["sandbox"]


@pytest.mark.parametrize(
    ("given", "served"),
    [
        ("application/pdf", "application/pdf"),
        ("Text/Plain; charset=utf-8", "text/plain"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        ("message/rfc822", "application/octet-stream"),
        ("text/plain\r\nX: y", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_active_types_are_served_as_unknown_bytes(given: str, served: str) -> None:
    assert served_as(given) == served


def test_pictures_are_known_by_their_bytes() -> None:
    assert picture_type(b"\x89PNG\r\n\x1a\n....") == "image/png"
    assert picture_type(b"<svg xmlns=") is None
    assert picture_type(b"") is None


def test_file_names_cannot_break_the_header() -> None:
    header = disposition("attachment", 'a"b\r\nX: y/报价单.pdf')
    assert "\r" not in header
    assert "\n" not in header
    assert header.startswith('attachment; filename="a_b__X: y____.pdf";')
    assert "%E6%8A%A5" in header
