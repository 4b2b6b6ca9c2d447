"""The new words of replies as the clients of many languages write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mailparser_reply import EmailReplyParser

from channels.email.parse.reply import fold_reply

CASES: list[dict[str, str]] = json.loads(
    (Path(__file__).parent / "corpus" / "replies.json").read_text("utf-8")
)
# Shapes that the independent parser knows too: both must find the same words.
SHARED = ("gmail", "gmail de", "gmail fr", "outlook en", "tb2")


@pytest.mark.parametrize("case", CASES, ids=[case["client"] for case in CASES])
def test_new_words_are_found(case: dict[str, str]) -> None:
    assert fold_reply(case["text"], case["subject"]) == case["reply"]


@pytest.mark.parametrize("case", CASES, ids=[case["client"] for case in CASES])
def test_line_ends_make_no_difference(case: dict[str, str]) -> None:
    folded = fold_reply(case["text"].replace("\n", "\r\n"), case["subject"])
    assert folded.replace("\r", "") == case["reply"]


@pytest.mark.parametrize("client", SHARED)
def test_an_independent_parser_agrees(client: str) -> None:
    case = next(case for case in CASES if case["client"] == client)
    oracle = EmailReplyParser(languages=["en", "de", "fr", "es"]).parse_reply(text=case["text"])
    assert oracle.strip() == fold_reply(case["text"])


@pytest.mark.parametrize(
    "text",
    [
        "I wrote: nothing works\nplease help",
        "a -- b\n--> c\nd",
        "From: is what the label says, I think.\nBut who knows?",
        "1 > 0 is true",
        "De: a\nand more words",
        "Price list:\n  - one: 5\n  - two: 7\nTo: be sure",
        "He said on 2024-01-02:\n\nhello",
    ],
)
def test_words_that_only_look_like_quotes_stay(text: str) -> None:
    assert fold_reply(text) == text
