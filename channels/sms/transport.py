"""The HTTP client under Twilio's SDK: ours, on aiohttp.

Owns the one question that the SDK can't answer: when an attempt fails, may it have reached the
carrier? Must not know messages. It sends credentials to the configured base URL and nowhere else,
follows no redirect, and logs nothing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode, urlsplit, urlunsplit

from triggerhub.domain.errors import Ambiguous, Rejected, Unavailable

if TYPE_CHECKING:  # 8 MB, for when something is sent
    from aiohttp import ClientResponse, ClientSession, ClientTimeout

DEFAULT_API_URL = "https://api.twilio.com"
MAX_ANSWER_BYTES = 2 * 1024 * 1024
_SDK_HOST = "api.twilio.com"
_RETRY_AFTER_MOST = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the SDK reads of a response."""

    status_code: int
    text: str
    headers: Mapping[str, str]


def basic_auth(user: str, password: str) -> dict[str, str]:
    """The header of RFC 7617."""
    credentials = b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {credentials}"}


class Params(Protocol):
    def items(self) -> Iterable[tuple[str, object]]: ...


class Transport:
    """Duck-types ``twilio.http.AsyncHttpClient``. One for all accounts; ``close`` it at the end."""

    is_async = True

    def __init__(
        self, api_url: str = DEFAULT_API_URL, *, timeout: ClientTimeout | None = None
    ) -> None:
        parts = urlsplit(api_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
            raise ValueError(f"not a base URL: {api_url!r}")
        self.base = urlunsplit(parts._replace(path=parts.path.rstrip("/"), fragment=""))
        self._timeout = timeout
        self._session: ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        uri: str,
        *,
        params: Params | None = None,
        data: Params | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Answer:
        """One request. Raises ``Unavailable`` where the carrier surely did nothing, ``Ambiguous``
        where a POST may have been carried out. Any other answer, 4xx included, is returned.
        """
        from aiohttp import ClientConnectorError, ClientError, ConnectionTimeoutError

        del timeout, allow_redirects  # the SDK's wishes; ours are set once, below
        url = self._rebase(uri, params)
        body = urlencode(list(data.items()), doseq=True).encode() if data is not None else None
        changes = method.upper() == "POST"
        try:
            async with self._open().request(
                method,
                url,
                data=body,
                headers={**(headers or {}), **(basic_auth(*auth) if auth else {})},
                allow_redirects=False,
            ) as response:
                raw = await _read(response)
                _raise_for_trouble(response.status, response.headers, changes=changes)
                return Answer(
                    status_code=response.status,
                    text=raw.decode("utf-8", "replace"),
                    headers=response.headers,
                )
        except (ClientConnectorError, ConnectionTimeoutError) as exc:
            raise Unavailable("the carrier can't be reached", code="twilio.unreachable") from exc
        except (ClientError, TimeoutError) as exc:
            if changes:
                raise Ambiguous(
                    "the carrier was asked and did not answer", code="twilio.no_answer"
                ) from exc
            raise Unavailable("the carrier did not answer", code="twilio.no_answer") from exc

    def _open(self) -> ClientSession:
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

        if self._session is None or self._session.closed:
            # A kept-alive connection that the other side is just closing looks exactly like a lost
            # answer; a fresh one for each request keeps "unknown" for the real cases.
            self._session = ClientSession(
                connector=TCPConnector(force_close=True, limit=32),
                cookie_jar=DummyCookieJar(),
                timeout=self._timeout or ClientTimeout(total=30, sock_connect=10, sock_read=20),
            )
        return self._session

    def _rebase(self, uri: str, params: Params | None) -> str:
        parts = urlsplit(uri)
        if parts.hostname != _SDK_HOST:
            raise Rejected("the SDK wanted to call another host", code="twilio.wrong_host")
        query = parts.query
        if params is not None and (extra := urlencode(list(params.items()), doseq=True)):
            query = f"{query}&{extra}" if query else extra
        return f"{self.base}{parts.path}" + (f"?{query}" if query else "")


async def _read(response: ClientResponse) -> bytes:
    from aiohttp import ClientPayloadError

    raw = bytearray()
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > MAX_ANSWER_BYTES:
            raise ClientPayloadError("the answer is too large")
    return bytes(raw)


def _raise_for_trouble(status: int, headers: Mapping[str, str], *, changes: bool) -> None:
    if status in {408, 429, 503}:
        raise Unavailable(
            f"the carrier answered {status}",
            code=f"twilio.http_{status}",
            retry_after=_retry_after(headers.get("Retry-After", "")),
        )
    # Something broke there, or a gateway heard nothing from behind it: the request may have been
    # carried out.
    if status == 500 and changes:
        raise Ambiguous(f"the carrier answered {status}", code=f"twilio.http_{status}")
    if status >= 500 and changes:
        raise Ambiguous(f"the carrier's gateway answered {status}", code=f"twilio.http_{status}")
    if status >= 500 or 300 <= status < 400:
        raise Unavailable(f"the carrier answered {status}", code=f"twilio.http_{status}")


def _retry_after(value: str) -> timedelta:
    if value.isascii() and value.isdigit() and len(value) <= 6:
        return min(max(timedelta(seconds=int(value)), timedelta(seconds=1)), _RETRY_AFTER_MOST)
    return timedelta(seconds=5)
