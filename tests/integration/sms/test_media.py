"""Downloads: credentials stay with the carrier, and limits hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientResponse, web

from channels.sms import parse
from channels.sms.media import MAX_BYTES, MediaFetcher
from tests.integration.sms.doubles import CUSTOMER, NUMBER, Hub, hub_account
from triggerhub.demo.carrier import Carrier
from triggerhub.domain.errors import Rejected, TooLarge, Unavailable
from triggerhub.domain.masking import masked

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


@dataclass(slots=True, kw_only=True)
class Store:
    """Another host, to which the carrier redirects."""

    url: str = ""
    authorizations: list[str | None] = field(default_factory=list)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = Store()

    async def give(request: web.Request) -> web.Response:
        store.authorizations.append(request.headers.get("Authorization"))
        if request.path == "/again":
            return web.Response(status=302, headers={"Location": "/again"})
        return web.Response(body=PNG, content_type="image/png")

    app = web.Application()
    app.router.add_get("/{name}", give)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    store.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield store
    await runner.cleanup()


@pytest.fixture
async def fetcher(carrier: Carrier, store: Store) -> AsyncIterator[MediaFetcher]:
    fetcher = MediaFetcher(carrier.url, stores=(store.url,), max_bytes=1000)
    yield fetcher
    await fetcher.close()


async def _url(
    hub: Hub, carrier: Carrier, data: bytes, content_type: str, redirect: str | None = None
) -> str:
    media = carrier.add_media(content_type, data, redirect=redirect)
    await carrier.customer_sends(CUSTOMER, NUMBER, "look", media=[media])
    return parse.parse(hub.inbox.arrivals[-1].raw).media[0].url


async def test_a_picture_arrives(hub: Hub, carrier: Carrier, fetcher: MediaFetcher) -> None:
    url = await _url(hub, carrier, PNG, "image/png")
    fetched = await fetcher.fetch(url, hub_account())
    assert (fetched.content_type, fetched.data) == ("image/png", PNG)


async def test_credentials_do_not_follow_a_redirect(
    hub: Hub, carrier: Carrier, fetcher: MediaFetcher, store: Store
) -> None:
    url = await _url(hub, carrier, b"", "image/png", redirect=f"{store.url}/file")
    assert (await fetcher.fetch(url, hub_account())).data == PNG
    assert store.authorizations == [None]


async def test_a_redirect_leads_only_where_it_may(hub: Hub, carrier: Carrier, store: Store) -> None:
    fetcher = MediaFetcher(carrier.url, stores=())
    url = await _url(hub, carrier, b"", "image/png", redirect=f"{store.url}/file")
    with pytest.raises(Rejected, match="redirects elsewhere"):
        await fetcher.fetch(url, hub_account())
    assert store.authorizations == []
    await fetcher.close()


async def test_redirects_end(
    hub: Hub, carrier: Carrier, fetcher: MediaFetcher, store: Store
) -> None:
    url = await _url(hub, carrier, b"", "image/png", redirect=f"{store.url}/again")
    with pytest.raises(Rejected, match="redirects"):
        await fetcher.fetch(url, hub_account())


@pytest.mark.parametrize(
    "url",
    [
        "https://api.twilio.com.evil.example/x",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://[::1",
        "",
    ],
)
async def test_only_the_carriers_own_addresses_are_fetched(fetcher: MediaFetcher, url: str) -> None:
    with pytest.raises(Rejected):
        await fetcher.fetch(url, hub_account())


async def test_a_user_in_the_address_is_refused(carrier: Carrier, fetcher: MediaFetcher) -> None:
    with pytest.raises(Rejected):
        await fetcher.fetch(carrier.url.replace("//", "//user@") + "/x", hub_account())


@pytest.mark.parametrize(
    ("data", "content_type", "error"),
    [
        (b"x" * 1001, "image/png", TooLarge),
        (b"<script>", "text/html", Rejected),
        (b"<svg/>", "image/svg+xml", Rejected),
    ],
)
async def test_limits(
    hub: Hub,
    carrier: Carrier,
    fetcher: MediaFetcher,
    *,
    data: bytes,
    content_type: str,
    error: type[Exception],
) -> None:
    url = await _url(hub, carrier, data, content_type)
    with pytest.raises(error):
        await fetcher.fetch(url, hub_account())


async def test_the_limit_is_not_masked_as_a_phone_number(
    hub: Hub, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetcher = MediaFetcher(carrier.url)
    url = await _url(hub, carrier, PNG, "image/png")
    monkeypatch.setattr(ClientResponse, "content_length", MAX_BYTES + 1)
    with pytest.raises(TooLarge) as caught:
        await fetcher.fetch(url, hub_account())
    await fetcher.close()
    assert masked(str(caught.value)) == "more than 16,777,216 bytes"


async def test_wrong_credentials_and_missing_files(
    hub: Hub, carrier: Carrier, fetcher: MediaFetcher
) -> None:
    url = await _url(hub, carrier, PNG, "image/png")
    with pytest.raises(Rejected, match="401"):
        await fetcher.fetch(url, hub_account(token="wrong"))
    with pytest.raises(Unavailable):
        await fetcher.fetch(url + "0", hub_account())


async def test_a_host_that_is_away_may_be_asked_again(carrier: Carrier) -> None:
    await carrier.stop()
    fetcher = MediaFetcher(carrier.url)
    with pytest.raises(Unavailable):
        await fetcher.fetch(f"{carrier.url}/x", hub_account())
    await fetcher.close()
