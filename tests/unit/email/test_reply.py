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


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        (
            "Hello\n>From now on I want paper bills.\nBye",
            "Hello\nFrom now on I want paper bills.\nBye",
        ),
        (">From now on\n>>From here on\nplease", "From now on\nFrom here on\nplease"),
        ("Hello\n\n>From now on\n\nBye", "Hello\n\nFrom now on\n\nBye"),
        ("Yes.\n>Hello\n>From now on\n>Bye", "Yes."),
        ("Yes.\n>From now on\n>From here\n>Bye\n>Mei", "Yes.\nFrom now on"),
        ("Yes.\n\nOn 3 Mar 2026, S <s@x.example> wrote:\n\n>From now on we send bills.", "Yes."),
        ("> From my side, no\nYes.", "Yes."),
    ],
)
def test_a_from_that_a_mailbox_file_has_escaped_is_no_quote(text: str, reply: str) -> None:
    assert fold_reply(text) == reply


@pytest.mark.parametrize(
    "mark",
    [
        "##- Please type your reply above this line -##",
        "-- Please reply above this line --",
        "=-=-= Reply above this line =-=-=",
        "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein -##",
        "##- Veuillez répondre au-dessus de cette ligne -##",
        "##- 请在此行上方输入您的回复 -##",
    ],
)
def test_what_stands_below_the_line_of_a_help_desk_is_old(mark: str) -> None:
    assert fold_reply(f"New words.\n\n{mark}\n\nYour request (4711) was updated.") == "New words."
    quoted = f"New words.\n\n> {mark}\n> Old words."
    assert fold_reply(quoted) == "New words."
    assert fold_reply(f"{mark}\n\nWords.").endswith("Words.")


def test_a_sentence_of_such_words_is_no_line_of_a_help_desk() -> None:
    text = "Please reply above this line\nis what your mail says. Why?"
    assert fold_reply(text) == text
