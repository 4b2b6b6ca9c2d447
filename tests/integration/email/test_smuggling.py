"""One message stays one message, byte for byte, whatever its line ends (RFC 5321, 2.3.8, 4.5.2)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.email.receive_data import unstuffed
from tests.integration.email.conftest import Listen

SECOND = (
    b"MAIL FROM:<evil@elsewhere.example>\r\nRCPT TO:<sales@demo.example>\r\n"
    b"DATA\r\nSubject: smuggled\r\n\r\nx\r\n"
)
# What some servers have taken for the end of a message.
FALSE_ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r.\r",
    b"\n.\r",
    b"\r\n\x00.\r\n",
    b"\r\n.\x00\r\n",
    b"\r\n. \r\n",
    b"\r\r\n.\r\r\n",
]


@pytest.mark.parametrize("end", FALSE_ENDS)
@pytest.mark.parametrize("split", [False, True])
async def test_only_crlf_dot_crlf_ends_a_message(listen: Listen, end: bytes, split: bool) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.begin()
    body = b"Subject: first\r\n\r\nx" + end + SECOND
    for piece in [bytes([byte]) for byte in body] if split else [body]:
        wire.put(piece)
        if split:
            await wire.writer.drain()
    assert (await wire.say(b".")).startswith("250")
    assert (await wire.say("NOOP")).startswith("250")  # nothing else was carried out before it
    (arrival,) = hub.inbox.arrivals
    assert arrival.account_id == "acc_support"
    # A dot that begins a line after CRLF is taken as stuffing; nothing else changes.
    assert arrival.raw == body.replace(b"\r\n.", b"\r\n")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"..\r\n", b".\r\n"),
        (b"...\r\n..a\r\n", b"..\r\n.a\r\n"),
        (b".a\r\n", b"a\r\n"),
        (b"a\r\n\r\n..\r\n\r\n", b"a\r\n\r\n.\r\n\r\n"),
        (b"a\n..\nb\r\n", b"a\n..\nb\r\n"),
        (b"a\x00b\xff\r\n", b"a\x00b\xff\r\n"),
    ],
)
async def test_transparency(listen: Listen, sent: bytes, kept: bytes) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.begin()
    wire.put(sent + b".\r\n")
    assert (await wire.reply()).startswith("250")
    assert hub.inbox.arrivals[0].raw == kept
    assert hub.inbox.arrivals[0].external_id


@given(
    st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"\x00", b"\xe4"]), max_size=40),
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_stuffing_is_undone_exactly(pieces: list[bytes]) -> None:
    message = b"".join(pieces)
    message += b"" if message.endswith(b"\r\n") or not message else b"\r\n"
    stuffed = (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")
    assert unstuffed([stuffed + b".\r\n"]) == message


async def test_the_end_is_found_however_it_is_cut(listen: Listen) -> None:
    hub = await listen()
    wire = await hub.wire()
    for size in (65_530, 65_533, 65_534, 65_535, 65_536, 65_537, 131_070, 131_074):
        await wire.begin()
        body = b"%d\r\n" % size + b"y" * (size - 10) + b"\r\n"
        wire.put(body)
        await wire.writer.drain()
        assert (await wire.say(b".")).startswith("250")
        assert hub.inbox.arrivals[-1].raw == body
