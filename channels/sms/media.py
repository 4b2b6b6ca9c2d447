"""Fetches the pictures and files that came with a message.

Owns the download: the account's credentials go to the carrier's own API and never to where it
redirects, and both the hosts and the sizes are limited. Must not know where the bytes are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from channels.sms.settings import SmsAccount
from channels.sms.transport import DEFAULT_API_URL, basic_auth
from triggerhub.domain.errors import Rejected, TooLarge, Unavailable
from triggerhub.domain.model.message import Account, Fetched

if TYPE_CHECKING:  # 8 MB, for when something is fetched
    from aiohttp import ClientResponse, ClientSession

MAX_BYTES = 16 * 1024 * 1024
MAX_REDIRECTS = 3

# Where the carrier keeps media. Reached without credentials, over TLS only.
STORES = ("media.twiliocdn.com", "mms.twiliocdn.com", "s3-external-1.amazonaws.com")

_MEDIA_TYPES = ("image/", "audio/", "video/", "text/", "application/")
_REFUSED_TYPES = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})


class MediaFetcher:
    """``stores``: origins ("https://host[:port]") or hosts that a redirect may lead to."""

    def __init__(
        self,
        api_url: str = DEFAULT_API_URL,
        *,
        stores: Sequence[str] = STORES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._api = _origin(api_url)
        self._stores = frozenset(s if "://" in s else f"https://{s}:443" for s in stores)
        self._max_bytes = max_bytes
        self._session: ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(self, url: str, account: Account) -> Fetched:
        """The file behind a ``MediaUrl``.

        Raises ``Rejected`` for an address or a type that isn't allowed and for what is gone,
        ``TooLarge`` above the limit, ``Unavailable`` where it is worth trying again.
        """
        from aiohttp import ClientError

        settings = SmsAccount.of(account)
        if _origin(url) != self._api:
            raise Rejected("the media isn't on the carrier's API", code="media_host")
        headers = basic_auth(settings.account_sid, settings.auth_token.get_secret_value())
        try:
            for _ in range(MAX_REDIRECTS + 1):
                async with self._open().get(
                    url, headers=headers, allow_redirects=False
                ) as response:
                    if response.status not in {301, 302, 303, 307, 308}:
                        return await self._read(response)
                    url = urljoin(url, response.headers.get("Location", ""))
                origin = _origin(url)
                if origin != self._api:
                    headers = {}
                    if origin not in self._stores:
                        raise Rejected("the media redirects elsewhere", code="media_host")
        except (ClientError, TimeoutError) as exc:
            raise Unavailable("the media can't be fetched", code="media_unreachable") from exc
        raise Rejected(f"more than {MAX_REDIRECTS} redirects", code="media_redirects")

    async def _read(self, response: ClientResponse) -> Fetched:
        if response.status == 429 or response.status >= 500:
            raise Unavailable(f"the media's host answered {response.status}", code="media_busy")
        # 404 comes for a moment right after the webhook, while the file is still being copied.
        if response.status == 404:
            raise Unavailable("the media isn't there (yet)", code="media_missing")
        if response.status != 200:
            raise Rejected(f"the media's host answered {response.status}", code="media_refused")
        content_type = response.content_type.lower()
        if content_type in _REFUSED_TYPES or not content_type.startswith(_MEDIA_TYPES):
            raise Rejected("a file of this type isn't taken", code="media_type")
        if (response.content_length or 0) > self._max_bytes:
            raise TooLarge(f"more than {self._max_bytes:,} bytes", code="media_too_large")
        data = bytearray()
        async for chunk in response.content.iter_any():
            data += chunk
            if len(data) > self._max_bytes:
                raise TooLarge(f"more than {self._max_bytes:,} bytes", code="media_too_large")
        return Fetched(content_type=content_type, data=bytes(data))

    def _open(self) -> ClientSession:
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar

        if self._session is None or self._session.closed:
            # Unpacking would let a small answer grow past the limit before we see it.
            self._session = ClientSession(
                timeout=ClientTimeout(total=60, sock_connect=10, sock_read=20),
                headers={"Accept-Encoding": "identity"},
                cookie_jar=DummyCookieJar(),
            )
        return self._session


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise Rejected("the media's address can't be read", code="media_host") from exc
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise Rejected("the media's address can't be read", code="media_host")
    return f"{parts.scheme}://{parts.hostname}:{port or (443 if parts.scheme == 'https' else 80)}"
