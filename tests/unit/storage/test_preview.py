"""A message's first words are put on one line as its script does it."""

from __future__ import annotations

import pytest

from storage.projections.messages import PREVIEW, preview


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("Hello,\n\nwhere is  it?\n", "Hello, where is it?"),
        ("您好，\n\n刚才发过短信。\n周雨桐", "您好，刚才发过短信。周雨桐"),
        ("订单\u3000（K-20511）\n在哪里？", "订单（K-20511）在哪里？"),
        ("李建华\n云栖酒店", "李建华 云栖酒店"),
        ("x" * 400, "x" * PREVIEW),
    ],
)
def test_lines_become_one(words: str, line: str) -> None:
    assert preview(words) == line
