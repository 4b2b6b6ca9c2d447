"""`triggerhub inspect`: one line a file, in order, whatever the files are."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from channels.email.inspect import inspect_files
from tests.unit.email.mails import HTML, PLAIN, mail, multipart

KEYS = [
    *("file", "ok", "from", "to", "cc", "subject", "text", "reply_text", "html", "attachments"),
    *("message_id", "in_reply_to", "references", "dedup_key", "auto", "problems"),
]


def lines(*paths: Path | str, processes: int | None = None) -> list[dict[str, Any]]:
    out = io.BytesIO()
    inspect_files([str(path) for path in paths], out, processes=processes)
    text = out.getvalue().decode()
    assert text.splitlines() == text.split("\n")[:-1]
    records: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert all(list(record) == KEYS for record in records)
    return records


def test_one_mail(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(
        mail(
            multipart(
                "mixed",
                PLAIN + "Hello \u2028\x85you\n\nOn 3 Mar 2026, S <s@x.example> wrote:\n> old",
                "Content-Type: application/pdf; name=x.pdf\n\nPDF",
            ),
            "From: =?utf-8?B?5byg5LiJ?= <a@x.example>\nTo: B <b@y.example>, c@z.example\n"
            "Cc: d@z.example\nSubject: s\nMessage-ID: <1@x>\nIn-Reply-To: <0@x>\n"
            "References: <r@x> <0@x>\n",
        )
    )
    (record,) = lines(path)
    assert record["file"] == str(path)
    assert record["ok"] is True
    assert record["from"] == {"address": "a@x.example", "name": "张三"}
    assert [one["address"] for one in record["to"]] == ["b@y.example", "c@z.example"]
    assert [one["address"] for one in record["cc"]] == ["d@z.example"]
    assert record["text"].startswith("Hello")
    assert record["reply_text"] == "Hello \u2028\x85you"
    assert record["attachments"] == [
        {
            "filename": "x.pdf",
            "content_type": "application/pdf",
            "size": 3,
            "sha256": hashlib.sha256(b"PDF").hexdigest(),
            "inline": False,
        }
    ]
    assert record["message_id"] == "1@x"
    assert record["in_reply_to"] == "0@x"
    assert record["references"] == ["r@x", "0@x"]
    assert record["auto"] == "no"
    assert record["problems"] == []


@pytest.mark.thorough
def test_what_is_no_mail_is_told_in_its_place(tmp_path: Path) -> None:
    good = tmp_path / "good.eml"
    good.write_bytes(mail("\nhi"))
    empty = tmp_path / "empty.eml"
    empty.touch()
    image = tmp_path / "image.eml"
    image.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    secret = tmp_path / "no\udcff.eml"
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    paths: list[Path | str] = [
        good,
        tmp_path,
        tmp_path / "missing",
        empty,
        image,
        good,
        secret,
        "",
        loop,
        good,
    ]
    records = lines(*paths)
    assert [record["ok"] for record in records] == [
        *(True, False, False, False, False, True, False, False, False, True)
    ]
    assert all(record["problems"] for record in records if not record["ok"])
    assert records[6]["file"].endswith("no\ufffd.eml")


@pytest.mark.thorough
def test_hundreds_keep_their_order(tmp_path: Path) -> None:
    paths = []
    for n in range(300):
        path = tmp_path / f"{n}.eml"
        path.write_bytes(mail(f"\nmail {n}" + " word" * (20_000 if n % 50 == 0 else 1)))
        paths.append(path)
    records = lines(*paths)
    assert [record["file"] for record in records] == [str(path) for path in paths]
    assert all(record["text"].startswith(f"mail {n} ") for n, record in enumerate(records))


@pytest.mark.thorough
def test_lines_come_as_they_are_ready(tmp_path: Path) -> None:
    good = tmp_path / "good.eml"
    good.write_bytes(mail("\nhi"))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "channels.email.inspect", str(good), str(pipe)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ok"] is True
        os.write(writer, mail("\nlate"))
    finally:
        os.close(writer)
    assert json.loads(process.stdout.readline())["text"] == "late"
    assert process.wait(10) == 0
    process.stdout.close()


def inspected(*paths: str, stdin: int) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "channels.email.inspect", *paths],
        stdin=stdin,
        capture_output=True,
        cwd=Path(__file__).parents[3],
        check=True,
        timeout=30,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
def test_standard_input_is_ours_and_not_the_parsers(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(mail("\nhi"))
    with path.open("rb") as file:
        (record,) = inspected(name, stdin=file.fileno())
    assert (record["file"], record["ok"], record["text"]) == (name, True, "hi")


def test_what_is_no_file_is_said_at_once(tmp_path: Path) -> None:
    empty, folder = lines("", tmp_path)
    assert empty["problems"] == ["file: no path was given"]
    assert folder["problems"] == ["file: it is a directory"]


@pytest.mark.thorough
def test_a_pipe_that_never_ends_is_given_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)
    try:
        (record,) = lines(pipe)
    finally:
        os.close(writer)
    assert record["ok"] is False
    assert "time" in record["problems"][0]


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 1_000_000,
        "a&amp;b " * 1_000_000,
        "<b id=x><p>" * 100_000,
        "<a " + " ".join(f"a{n}=1" for n in range(100_000)) + ">",
        "<style>x " * 90_000 + "y" * 10_000_000,
        "<!-- x " * 90_000 + "y" * 10_000_000,
    ],
    ids=["deep", "entities", "formatting", "attributes", "sheets", "comments"],
)
def test_html_made_to_be_slow_is_still_read_in_time(tmp_path: Path, body: str) -> None:
    path = tmp_path / "slow.eml"
    path.write_bytes(mail(f"Content-Type: text/html\n\n{body}the end"))
    (record,) = lines(path)
    assert record["ok"] is True  # what takes more than five seconds is not
    assert record["subject"] == "s"
    assert record["problems"]


@pytest.mark.thorough
def test_the_largest_mails_fit(tmp_path: Path) -> None:
    words = tmp_path / "words.eml"
    words.write_bytes(mail("\n" + "hello world, this is a line\n" * 1_000_000))
    files = tmp_path / "files.eml"
    files.write_bytes(
        mail(
            multipart(
                "mixed",
                PLAIN + "hi",
                "Content-Transfer-Encoding: base64\n"
                "Content-Type: application/zip\n\n" + "QUJD" * 6_500_000,
            )
        )
    )
    first, second = lines(words, files, processes=1)
    assert first["ok"] is True
    assert len(first["text"]) > 27_000_000
    assert second["attachments"][0]["size"] == 19_500_000


@pytest.mark.thorough
@pytest.mark.parametrize(
    "line",
    [
        "<p>Hello <b>world</b>, caf&eacute; &#20320; <a href='https://x.example'>here</a>.</p>\n",
        "<p>Hello world, so many words without any mark between them and no end of it.\n",
        "&#20320;&#22909;",
    ],
    ids=["marks", "words", "references"],
)
def test_the_largest_html_is_read_as_words(tmp_path: Path, line: str) -> None:
    path = tmp_path / "large.eml"
    path.write_bytes(mail(HTML + line * (20 * 1024 * 1024 // len(line))))
    (record,) = lines(path)
    assert record["ok"] is True
    assert "&" not in record["text"]
    assert "<" not in record["text"]


def test_nothing_to_do() -> None:
    assert lines() == []


@pytest.mark.thorough
def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(mail("Content-Type: text/html\n\n<p>Hi"))
    done = subprocess.run(
        [sys.executable, "-m", "channels.email.inspect", str(path), "/nowhere"],
        capture_output=True,
        cwd=Path(__file__).parents[3],
        check=False,
        timeout=30,
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert [json.loads(line)["ok"] for line in done.stdout.splitlines()] == [True, False]


@pytest.mark.thorough
def test_a_reader_who_leaves_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(mail("\n" + "words " * 50_000))
    script = f"{sys.executable} -m channels.email.inspect" + f" {path}" * 50 + " | head -c 10"
    done = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        cwd=Path(__file__).parents[3],
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
