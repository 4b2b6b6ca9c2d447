"""The carrier's side of a webhook: sign it, post it, retry it, judge the answer.

Owns Twilio's way of calling us; must not know the hub's own check of the signature, so that the two
can disagree. Source: Twilio, "Webhooks security" and "Webhooks connection overrides".
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from xml.etree import ElementTree as ET

from aiohttp import ClientConnectionError, ClientError, ClientSession, ClientTimeout

TOTAL_SECONDS = 15.0

Form = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookResult:
    """How the hub answered. ``status`` 0: not at all. ``warning``: what Twilio's debugger says."""

    status: int
    body: str
    attempts: int
    warning: str = ""
    retry_after: str | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300 and not self.warning


def signature(token: str, url: str, form: Form) -> str:
    """``X-Twilio-Signature`` of a form posted to ``url``."""
    values: dict[str, set[str]] = {}
    for name, value in form:
        values.setdefault(name, set()).add(value)
    text = url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    digest = hmac.new(token.encode(), text.encode(), "sha1").digest()
    return base64.b64encode(digest).decode()


async def post(
    session: ClientSession,
    url: str,
    form: Form,
    *,
    token: str,
    idempotency_token: str,
    address: str | None = None,
    expect_twiml: bool = True,
    tamper: Callable[[list[tuple[str, str]]], None] | None = None,
) -> HookResult:
    """Posts one signed webhook, with the retries that the URL's fragment asks for.

    ``#rc=`` is the number of retries (default 1) and ``#rp=`` what is retried (``ct`` a failed
    connection, the default; ``rt`` no answer; ``4xx``; ``5xx``; ``all``). The URL is signed without
    its fragment. ``address`` is where it is really delivered ("http://127.0.0.1:1234"), for a hub
    whose public address is not its local one. ``tamper`` changes the form after it was signed.
    """
    parts = urlsplit(url)
    overrides = dict(parse_qsl(parts.fragment))
    retries = int(overrides.get("rc", "1"))
    policy = set(overrides.get("rp", "ct").split(","))
    signed_url = urlunsplit(parts._replace(fragment=""))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
        "X-Twilio-Signature": signature(token, signed_url, form),
        "I-Twilio-Idempotency-Token": idempotency_token,
    }
    if address is not None:
        target = address.rstrip("/") + urlunsplit(("", "", parts.path, parts.query, ""))
    else:
        target = signed_url
    sent = list(form)
    if tamper is not None:
        tamper(sent)
    body = urlencode(sent).encode()
    result = HookResult(status=0, body="", attempts=0)
    for attempt in range(1, retries + 2):
        failure, result = await _attempt(
            session,
            target,
            body=body,
            headers=headers,
            attempt=attempt,
            expect_twiml=expect_twiml,
        )
        if not failure or not ({failure, "all"} & policy):
            break
    return result


async def _attempt(
    session: ClientSession,
    target: str,
    *,
    body: bytes,
    headers: dict[str, str],
    attempt: int,
    expect_twiml: bool,
) -> tuple[str, HookResult]:
    timeout = ClientTimeout(total=TOTAL_SECONDS, sock_connect=5.0)
    try:
        async with session.post(
            target, data=body, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            text = await response.text()
            warning = ""
            failure = ""
            if response.status >= 300:
                failure = f"{response.status // 100}xx"
                warning = f"11200 HTTP retrieval failure: {response.status}"
            elif expect_twiml:
                warning = _judge(response.content_type, text)
            return failure, HookResult(
                status=response.status,
                body=text,
                attempts=attempt,
                warning=warning,
                retry_after=response.headers.get("Retry-After"),
            )
    except ClientConnectionError as exc:
        kind = "ct" if isinstance(exc, OSError) else "rt"
        warning = "11205 HTTP connection failure"
    except (TimeoutError, ClientError):
        kind, warning = "rt", "11200 HTTP retrieval failure"
    return kind, HookResult(status=0, body="", attempts=attempt, warning=warning)


def _judge(content_type: str, text: str) -> str:
    """What Twilio's debugger would note about a 2xx answer to a message webhook."""
    if not text:
        return ""
    if content_type not in {"text/xml", "application/xml", "text/html"}:
        return f"12300 Invalid Content-Type: {content_type}"
    try:
        # The document comes from the hub under test, over loopback.
        root = ET.fromstring(text)  # noqa: S314
    except ET.ParseError:
        return "12100 Document parse failure"
    return "" if root.tag == "Response" else "12102 No 'Response' element"
