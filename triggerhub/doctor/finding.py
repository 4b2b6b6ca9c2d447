"""What the doctor says of one thing, and of all of them together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["good", "warning", "broken", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `mend`: what to do, where there is something to do."""

    check: str
    state: State
    text: str
    mend: str = ""


def broken(findings: Sequence[Finding]) -> bool:
    return any(f.state == "broken" for f in findings)


def as_json(findings: Sequence[Finding]) -> str:
    """`{"ok": …, "findings": [{check, state, text, mend}]}`"""
    body = {"ok": not broken(findings), "findings": [asdict(f) for f in findings]}
    return json.dumps(body, ensure_ascii=False, indent=2)
