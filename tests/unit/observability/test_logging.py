"""Own and foreign lines in one form."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from prometheus_client import generate_latest

from triggerhub.observability import Metrics, configure_logging

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(out: io.StringIO) -> Lines:
    return lambda: [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_of_ours(out: io.StringIO, lines: Lines) -> None:
    configure_logging(stream=out)
    with structlog.contextvars.bound_contextvars(request_id="req_1"):
        structlog.get_logger("any").info("email.accepted", account="acc_1", size=3)
    (line,) = lines()
    assert list(line)[:3] == ["at", "level", "event"]
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info",
        "event": "email.accepted",
        "account": "acc_1",
        "size": 3,
        "request_id": "req_1",
    }


def test_a_foreign_line(out: io.StringIO, lines: Lines) -> None:
    configure_logging(stream=out)
    logging.getLogger("some.library").warning("%s said password=%s", "ann@kettle.example", "x1y2z3")
    logging.getLogger("some.library").info("chatter")
    (line,) = lines()
    assert line["event"] == "foreign.some.library"
    assert line["message"] == "…@kettle.example said password=[redacted]"
    assert line["level"] == "warning"


def test_levels(out: io.StringIO, lines: Lines) -> None:
    configure_logging(stream=out, level="warning")
    structlog.get_logger().info("a.b")
    structlog.get_logger().warning("c.d")
    assert [line["event"] for line in lines()] == ["c.d"]
    configure_logging(stream=out, level="debug")
    structlog.get_logger().debug("e.f", to="ann@kettle.example")
    logging.getLogger("x").info("hello")
    assert [line["event"] for line in lines()] == ["c.d", "e.f", "foreign.x"]
    assert lines()[1]["to"] == "ann@kettle.example"


def _refuse() -> None:
    raise ValueError("smtp://hub:hunter2@relay.example refused ann@kettle.example")


@pytest.mark.parametrize("form", ["json", "console"])
def test_tracebacks_hold_no_secret(form: Any, out: io.StringIO) -> None:
    configure_logging(stream=out, form=form)
    try:
        _refuse()
    except ValueError:
        structlog.get_logger().exception("send.failed")
        logging.getLogger("foreign").exception("it failed")
    text = out.getvalue()
    assert text.count("ValueError: smtp://[redacted]@relay.example refused …@kettle.example") == 2
    assert "hunter2" not in text


def test_warnings_are_lines_too(out: io.StringIO, lines: Lines) -> None:
    configure_logging(stream=out)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old kettle", DeprecationWarning, stacklevel=1)
    assert lines()[0]["event"] == "foreign.py.warnings"


def test_for_reading(out: io.StringIO) -> None:
    configure_logging(stream=out, form="console")
    structlog.get_logger().info("email.accepted", size=3)
    assert "email.accepted" in out.getvalue()
    assert "size=3" in out.getvalue()
    assert "{" not in out.getvalue()


def test_what_json_does_not_know(out: io.StringIO, lines: Lines) -> None:
    configure_logging(stream=out)
    structlog.get_logger().info("a.b", thing=object, number=2**70, deep={1: {2, 3}}, name="\udce9")
    (line,) = lines()
    assert line["name"] == "\\udce9"
    assert "object" in line["thing"]
    assert sorted(line["deep"]["1"]) == [2, 3]


def test_meters_belong_to_one_hub() -> None:
    one, two = Metrics(), Metrics()
    one.accepted.labels(channel="email", kind="message").inc()
    assert b'triggerhub_accepted_total{channel="email",kind="message"} 1.0' in generate_latest(
        one.registry
    )
    assert b"triggerhub_accepted_total{" not in generate_latest(two.registry)
