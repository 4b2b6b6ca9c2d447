"""Who wrote a mail, and whether a machine may answer it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from channels.email.parse import BouncedRecipient, parse

CASES: list[dict[str, str]] = json.loads(
    (Path(__file__).parent / "corpus" / "auto.json").read_text("utf-8")
)
DAEMON = "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nSubject: x\n"
REPORT = (
    "Content-Type: multipart/report; report-type=%s; boundary=b\n\n--b\n\nfailed\n--b\n"
    "Content-Type: message/%s\n\nReporting-MTA: dns; mx\n\n"
    "Final-Recipient: rfc822; bob@z.example\nAction: %s\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1\n  no such user\n\n--b\nContent-Type: message/rfc822\n\n"
    "From: s@demo.example\nMessage-ID: <orig@demo.example>\n\nhi\n--b--\n"
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["head"].split("\n")[1][:50])
def test_kinds(case: dict[str, str]) -> None:
    parsed = parse(f"{case['head']}\n{case['body']}".encode())
    assert parsed.auto == case["auto"]
    if case["auto"] != "no":
        assert parsed.loop_suppressed


@pytest.mark.parametrize("action", ["failed", "delayed", "expanded"])
def test_a_delivery_report(action: str) -> None:
    parsed = parse((DAEMON + REPORT % ("delivery-status", "delivery-status", action)).encode())
    assert parsed.auto == "bounce"
    assert parsed.bounce is not None
    assert parsed.bounce.original_message_id == "orig@demo.example"
    assert parsed.bounce.recipients == (
        BouncedRecipient(
            address="bob@z.example",
            action=action,
            status="5.1.1",
            diagnostic="smtp; 550 5.1.1 no such user",
        ),
    )
    assert [a.content_type for a in parsed.attachments] == [
        "message/delivery-status",
        "message/rfc822",
    ]


def test_a_complaint_comes_before_all_else() -> None:
    head = DAEMON + "List-Id: <x>\nAuto-Submitted: auto-generated\n"
    feedback = REPORT % ("feedback-report", "feedback-report", "x")
    feedback = feedback.replace("Final-", "Feedback-Type: abuse\nOriginal-Rcpt-To: c@z.example\nX-")
    parsed = parse((head + feedback).encode())
    assert parsed.auto == "feedback"
    assert parsed.bounce is not None
    assert [one.address for one in parsed.bounce.recipients] == ["c@z.example"]


def test_a_read_receipt_is_an_automatic_reply() -> None:
    report = REPORT % ("disposition-notification", "disposition-notification", "x")
    assert parse(("From: j@x.example\nSubject: read\n" + report).encode()).auto == "auto-reply"


def test_a_person_sending_a_report_along_is_a_person() -> None:
    whole = DAEMON + REPORT % ("delivery-status", "delivery-status", "failed")
    raw = (
        "From: j@x.example\nSubject: look\nContent-Type: multipart/mixed; boundary=q\n\n--q\n\n"
        f"why?\n--q\nContent-Type: message/rfc822\n\n{whole}\n--q--\n"
    )
    assert parse(raw.encode()).auto == "no"


def test_recipients_of_a_bounce_without_a_standard() -> None:
    raw = (
        b"From: MAILER-DAEMON@y.example\nSubject: failure notice\n\n"
        b"Hi. This is the qmail-send program at y.example.\nI'm afraid\n\n<bob@y.example>:\n"
        b"Sorry, no mailbox here by that name. (#5.1.1)\n\n"
        b"--- Below this line is a copy of the message.\n\nMessage-ID: <orig@demo.example>\n"
    )
    bounce = parse(raw).bounce
    assert bounce is not None
    assert [one.address for one in bounce.recipients] == ["bob@y.example"]
    assert bounce.original_message_id == "orig@demo.example"


@pytest.mark.parametrize(
    ("head", "suppressed"),
    [
        ("From: j@x.example\n", False),
        ("From: j@x.example\nAuto-Submitted: no\n", False),
        ("From: j@x.example\nReturn-Path: <>\n", True),
        ("From: mailer-daemon@x.example\n", True),
        ("From: owner-list@x.example\n", True),
        ("From: list-request@x.example\n", True),
        ("From: j@x.example\nX-Auto-Response-Suppress: All\n", True),
        ("From: j@x.example\nX-Auto-Response-Suppress: None\n", False),
        ("From: j@x.example\nPrecedence: junk\n", True),
        ("From: j@x.example\nList-Unsubscribe: <mailto:x@y.example>\n", True),
        ("From: noreply@x.example\n", True),
        ("Subject: nobody\n", True),
    ],
)
def test_loops(head: str, suppressed: bool) -> None:
    assert parse(f"{head}\nhi".encode()).loop_suppressed is suppressed
