"""What the composer offers by each channel is what the hub accepts."""

from __future__ import annotations

from pathlib import Path

import orjson

from router.desk_messages import CHANNELS_WITHOUT_FILES, MAX_SMS

LIMITS = Path("agent_console/web/src/answer/limits.json")


def test_the_composer_knows_what_the_hub_refuses() -> None:
    limits = orjson.loads(LIMITS.read_bytes())
    assert set(limits["without_files"]) == CHANNELS_WITHOUT_FILES
    assert limits["longest_text"] == {"sms": MAX_SMS, "whatsapp": MAX_SMS}
