"""The console tells the hub's reasons apart by sentences that the hub really says."""

from __future__ import annotations

from pathlib import Path

import orjson

TABLE = Path("agent_console/web/src/marks/reasons.json")
SAID_IN = (
    "channels/email/parse/mail.py",
    "channels/email/parse/reading.py",
    "channels/email/parse/wire.py",
    "channels/email/parse/worker.py",
    "channels/email/send.py",
    "channels/sms/channel.py",
    "channels/sms/transport.py",
    "router/delivery/outbox.py",
    "router/reading.py",
    "router/resolve/step.py",
    "storage/files.py",
    "storage/restored.py",
)


def test_every_sentence_is_the_hubs() -> None:
    sources = "\n".join(Path(path).read_text() for path in SAID_IN)
    sentences = orjson.loads(TABLE.read_bytes())["sentences"]
    assert [sentence for sentence in sentences if sentence not in sources] == []
