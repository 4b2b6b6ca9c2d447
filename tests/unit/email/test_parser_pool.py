"""The guarded parser processes: same results, hard limits, and no orphans."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from channels.email.parse import Unparseable, parse
from channels.email.parse.launch import attempts, command, environment
from channels.email.parse.wire import RESPONSE, Request, request_head
from channels.email.parse.worker import ParserPool
from tests.unit.email.mails import HTML, PLAIN, mail, multipart
from triggerhub.domain.errors import Unavailable

RICH = mail(
    multipart(
        "mixed",
        multipart("alternative", PLAIN + "hi 你\n\n-- \nme", HTML + "<p>hi</p>", boundary="c"),
        "Content-Type: application/pdf; name=x.pdf\n\nPDF",
        "Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR",
        "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@b.example",
    ),
    "From: MAILER-DAEMON@x.example\nTo: B <b@y.example>\nDate: Tue, 3 Mar 2026 10:00:00 +0800\n"
    "Return-Path: <>\nSubject: failure notice\n",
)


def children() -> list[int]:
    """Process ids of our living parsers."""
    found = " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children"))
    return [pid for pid in map(int, found.split()) if alive(pid)]


def alive(pid: int) -> bool:
    try:
        return b"channels.email.parse.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


async def test_the_result_is_the_same_as_in_process() -> None:
    async with ParserPool(1) as pool:
        assert await pool.parse(RICH) == parse(RICH)
        assert await pool.parse(mail("\nhi")) == parse(mail("\nhi"))
        assert len(children()) == 1
    assert not children()


async def test_a_refusal_keeps_its_problems() -> None:
    async with ParserPool(1) as pool:
        with pytest.raises(Unparseable) as caught:
            await pool.parse(b"")
        assert caught.value.problems == ("empty: there is nothing in it",)
        assert (await pool.parse(mail("\nhi"))).text == "hi"


async def test_many_at_once_share_few_processes() -> None:
    async with ParserPool(2) as pool:
        mails = await asyncio.gather(*(pool.parse(mail(f"\nhi {n}")) for n in range(50)))
        assert [one.text for one in mails] == [f"hi {n}" for n in range(50)]
        assert len(children()) == 2


async def test_a_large_attachment_crosses_whole() -> None:
    content = os.urandom(3_000_000).replace(b"\n", b" ").replace(b"\r", b" ")
    raw = mail("Content-Type: image/png\n\n") + content
    async with ParserPool(1) as pool:
        (attachment,) = (await pool.parse(raw)).attachments
    assert attachment.content == content


async def test_a_killed_process_is_replaced() -> None:
    async with ParserPool(1) as pool:
        await pool.parse(mail("\nhi"))
        (pid,) = children()
        os.kill(pid, signal.SIGKILL)
        assert (await pool.parse(mail("\nhi again"))).text == "hi again"


@pytest.mark.thorough
async def test_a_stuck_process_is_given_up_within_the_limit() -> None:
    async with ParserPool(1) as pool:
        await pool.parse(mail("\nhi"))
        (pid,) = children()
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        assert (await pool.parse(mail("\nhi again"))).text == "hi again"
        assert time.monotonic() - began < 5
        assert not alive(pid)


@pytest.mark.thorough
async def test_a_large_mail_may_wait_for_a_busy_machine() -> None:
    large = mail("\n" + "words and words\n" * 300_000)
    async with ParserPool(1) as pool:
        await pool.parse(mail("\nhi"))
        (pid,) = children()
        os.kill(pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(5.5, os.kill, pid, signal.SIGCONT)
        assert (await pool.parse(large)).text.startswith("words and words")
        assert children() == [pid]


async def test_what_needs_too_much_of_a_processor_is_given_up() -> None:
    async with ParserPool(1) as pool:
        await pool.parse(mail("\nhi"))
        (pid,) = children()
        asyncio.get_running_loop().call_soon(os.kill, pid, signal.SIGPROF)
        large = mail("\n" + "words and words\n" * 300_000)
        with pytest.raises(Unparseable, match="not read within 5 s"):
            await pool.parse(large)
        assert (await pool.parse(mail("\nhi again"))).text == "hi again"


def test_a_large_mail_has_all_the_time_at_once() -> None:
    assert attempts(100) == ((False, 3.0), (True, 1.4))
    assert attempts(5 * 1024 * 1024) == ((False, 4.4),)
    assert attempts(5 * 1024 * 1024, patient=True) == ((False, 30.0),)


async def test_a_cancelled_caller_leaves_nothing_half_read() -> None:
    async with ParserPool(1) as pool:
        await pool.parse(mail("\nhi"))
        big = mail("\n" + "words and words\n" * 200_000)
        task = asyncio.create_task(pool.parse(big))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await pool.parse(mail("\nnext"))).text == "next"


async def test_a_closed_pool_refuses() -> None:
    pool = ParserPool(1)
    await pool.close()
    with pytest.raises(Unavailable):
        await pool.parse(mail("\nhi"))


def test_a_process_has_limited_memory_and_no_secrets() -> None:
    code = (
        "import os, resource, sys; sys.argv = ['x'];"
        "from channels.email.parse import child;"
        "child._read = lambda n: (_ for _ in ()).throw(EOFError);"
        "child.main(); print(resource.getrlimit(resource.RLIMIT_AS)[0], sorted(os.environ))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    limit, names = done.stdout.split(" ", 1)
    assert int(limit) == 512 * 1024 * 1024
    assert not any(word in names for word in ("TRIGGERHUB", "TOKEN", "KEY", "PASSWORD"))


def test_a_process_ends_with_its_input(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        cwd=tmp_path,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    request = Request(job="parse", payload=mail("\nhi"))
    process.stdin.write(request_head(request) + request.payload)
    process.stdin.flush()
    ok, size, more = RESPONSE.unpack(process.stdout.read(RESPONSE.size))
    assert ok
    process.stdout.read(size + more)
    process.stdin.close()
    assert process.wait(10) == 0
    process.stdout.close()


@pytest.mark.thorough
def test_an_alarm_ends_a_process_that_nobody_watches() -> None:
    process = subprocess.Popen(
        command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )
    assert process.stdin is not None
    assert process.stdout is not None
    # Its answer fills the pipe, which nobody empties, as if its parent were stuck.
    payload = mail("\n" + "words and words\n" * 200_000)
    request = Request(job="parse", payload=payload, seconds=0.5)
    process.stdin.write(request_head(request) + request.payload)
    process.stdin.flush()
    assert process.wait(10) == -signal.SIGALRM
    process.stdin.close()
    process.stdout.close()
