"""Logs and metrics: one form for our lines and foreign ones, no secret and no customer in them.

Owns how a log line looks, what is struck out of it, and the meters that have no other home. Knows
nothing of ours. Events are dotted words (`email.rejected`), what varies stands in fields.
"""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO, cast

import orjson
import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from structlog.typing import EventDict, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]
STRUCK = "[redacted]"

# --- what is struck out -----------------------------------------------------------------------

_SECRET_KEY = re.compile(
    r"pass(?:word|wd)|secret|token|authorization|cookie|csrf|signature|(?:api|master|private)_?key"
    r"|credential",
    re.IGNORECASE,
)
_ADDRESS_KEY = re.compile(r"(?:^|_)(?:phone|number|mailbox|sender|recipient|caller|called)s?$")
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Authorization: Bearer …, Basic …; also inside a header dump of some library.
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~:-]{6,}", re.IGNORECASE), rf"\1 {STRUCK}"),
    # Telegram puts the bot's token into every URL.
    (re.compile(r"/(file/)?bot\d+:[A-Za-z0-9_-]+"), r"/\1bot" + STRUCK),
    (re.compile(r"\b\d{6,}:[A-Za-z0-9_-]{30,}"), STRUCK),
    # user:password@ of any URL
    (re.compile(r"(://)[^\s/@:]{0,200}:[^\s/@]{0,200}@"), rf"\1{STRUCK}@"),
    (re.compile(r"(/Accounts/)(?:AC|SK)[0-9a-f]{32}", re.IGNORECASE), rf"\1{STRUCK}"),
    # name=value and "name": "value" of things that are secret by their name
    (
        re.compile(
            r"(?P<name>(?:passw(?:or)?d|secret|token|authorization|cookie|csrf|signature"
            r"|api_?key|triggerhub_session)[\w-]{0,20})(?P<is>[\"']?\s{0,3}[=:]\s{0,3}[\"']?)"
            r"(?!\[redacted\])(?:(?:Bearer|Basic)\s{1,3})?[^\s\"'&;,)}\]]+",
            re.IGNORECASE,
        ),
        rf"\g<name>\g<is>{STRUCK}",
    ),
)  # fmt: skip
_MAILBOX = re.compile(
    r"[A-Za-z0-9._%+'=&/-]{1,64}(?:@|%40)((?:[A-Za-z0-9-]{1,63}\.){1,9}[A-Za-z]{2,24})"
)
_PLAIN = re.compile(r"[\w.-]{0,200}")
_LONGEST = 20_000
_PHONE = re.compile(r"(?:\+|%2B)\d[\d .()-]{5,17}(\d{2})\b", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """The text with tokens, passwords, cookies and URLs' credentials struck out."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def without_addresses(text: str) -> str:
    """The text with mailboxes down to their domain and numbers down to two digits."""
    return _PHONE.sub(r"+…\1", _MAILBOX.sub(r"…@\1", text))


class Redaction:
    """The processor that strikes out; `addresses`: those too (off only when debugging)."""

    def __init__(self, *, addresses: bool) -> None:
        self._addresses = addresses

    def __call__(self, _logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
        return {k: v if k in ("at", "level") else self._clean(k, v) for k, v in line.items()}

    def _clean(self, key: str, value: Any) -> Any:
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return value if abs(value) < 2**63 else str(value)
        if isinstance(value, Mapping):
            return {str(k): self._clean(str(k), v) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(key, v) for v in value]
        if _SECRET_KEY.search(key) and not key.endswith("_id"):
            return STRUCK
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value)} bytes>"
        # Lone surrogates can be in file names and hostile mail, and nowhere in JSON.
        text = str(value).encode("utf-8", "backslashreplace").decode()
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}… ({len(text)} characters)"
        if not _PLAIN.fullmatch(text):
            text = without_secrets(text)
        if not self._addresses:
            return text
        if not _PLAIN.fullmatch(text):
            text = without_addresses(text)
        return "…" + text[-2:] if _ADDRESS_KEY.search(key) and "…" not in text else text


# --- logs -------------------------------------------------------------------------------------


class _StandardError(io.TextIOBase):
    """Whatever standard error is when a line is written: loggers are kept, it may be replaced."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()


def configure_logging(
    *, level: Level = "info", form: Format = "auto", stream: TextIO | None = None
) -> None:
    """Send every line of this process, ours and foreign, to `stream` (standard error).

    `auto` is for reading on a terminal and JSON lines elsewhere. Customers' addresses show only
    at level `debug`. Foreign lines below a warning show only there, too. Can be called again.
    """
    out = stream if stream is not None else cast("TextIO", _StandardError())
    number = getattr(logging, level.upper())
    reading = form == "console" or (form == "auto" and out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    last: list[Processor] = [
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        Redaction(addresses=level != "debug"),
        _renderer(reading, colours=out.isatty()),
    ]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=stream is None,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _named_foreign],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number if level in ("debug", "error") else logging.WARNING)
    logging.captureWarnings(True)


def _renderer(reading: bool, *, colours: bool) -> Processor:
    if reading:
        return structlog.dev.ConsoleRenderer(
            colors=colours,
            timestamp_key="at",
            # What was struck out of the text must not come back from the exception itself.
            exception_formatter=structlog.dev.plain_traceback,
        )
    return structlog.processors.JSONRenderer(serializer=_json)


def _json(line: EventDict, **_: object) -> str:
    first = {key: line[key] for key in ("at", "level", "event") if key in line}
    return orjson.dumps(
        {**first, **line}, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
    ).decode()


def _named_foreign(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """A foreign line's sentence is a field; its event is where it came from."""
    record = line.get("_record")
    if isinstance(record, logging.LogRecord):
        line["message"] = line["event"]
        line["event"] = f"foreign.{record.name}"
    return line


# --- metrics ----------------------------------------------------------------------------------

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The meters of one hub, in a registry of their own. Labels never hold a customer's data.

    `core`: the process beside this one whose memory and time are shown, too.
    """

    def __init__(self, *, core: int | None = None) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        if core is not None:
            ProcessCollector("triggerhub_core", pid=lambda: core, registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.accepted = self._counter(
            "accepted", "Deliveries committed, then acknowledged", "channel", "kind"
        )
        self.duplicates = self._counter(
            "duplicates", "Deliveries that were in the log already", "channel"
        )
        self.refused = self._counter("refused", "Deliveries refused or put off", "channel", "code")
        self.accept_seconds = Histogram(
            "triggerhub_accept_seconds",
            "From the whole delivery to its commit",
            ["channel"],
            buckets=_FAST,
            registry=self.registry,
        )
        self.resolved = self._counter("resolved", "Messages put where they belong", "channel")
        self.unparseable = self._counter("unparseable", "Messages that can't be read", "channel")
        self.offers = self._counter("offers", "Offers by how they ended", "state")
        self.sends = self._counter("sends", "Attempts to send by outcome", "outcome")
        self.restarts = self._counter(
            "restarts", "Side services that were started again", "service"
        )
        self.log_head = self._gauge("log_head", "Sequence number of the newest event")
        self.leader = self._gauge("leader", "1 where this node holds the router's lease")
        self.leader_lag = self._gauge("leader_lag_events", "Events that wait for a decision")
        self.stream = self._gauge("stream_healthy", "0 where Redis is configured and not reached")
        self.content_missing = self._gauge(
            "content_missing", "Mails that wait because this node can't find their large content"
        )
        self.outbox = self._gauge("outbox_messages", "Messages on their way out", "state")
        self.consoles = self._gauge("consoles", "Live console connections")
        self.attention = self._gauge("attention_open", "Open entries under needs attention")

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"triggerhub_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"triggerhub_{name}", text, labels, registry=self.registry)
