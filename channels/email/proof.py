"""Whether the one who wrote a mail is who its From says (promise 5). Never more than it can show.

Three ways, in this order: the peer is trusted to speak for its users; our own edge says so in an
`Authentication-Results` that only it can have written; the mail carries a DKIM signature that we
verify. A mail whose author can't be read in exactly one way is never proven. Must not know
customers, or what follows from a proof.

**Alignment.** A domain speaks for From when both are the same, or when From is below it and it
has at least two labels: `company.example` may vouch for `anna@mail.company.example`. The other
way round is not accepted, though relaxed DMARC does (RFC 7489, 3.1): without a list of public
suffixes, a customer of a hosting company would vouch for the company. An edge that knows the
list says `dmarc=pass`, which is taken.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address

import structlog

from channels.email.proof_dkim import LookUp, dns_txt, signing_domain
from config.mailbox import normal, normal_domain

_log = structlog.get_logger("channels.email")

Network = IPv4Network | IPv6Network

_MAX_HEADERS = 256 * 1024
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_FIELD_LINE = re.compile(rb"[!-9;-~]+:")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ADDRESS = re.compile(r"[^\s<>,;:()\[\]\"]+@[^\s<>,;:()\[\]\"]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofSettings:
    """Whom to believe.

    `trusted_peers`: networks whose mail is taken at its word (loopback in the demo; an internal
    submission server). `edge_peers`: networks of our own mail servers; an Authentication-Results
    counts only when it comes from there and bears one of `authserv_ids`, for anybody can write
    the header, and the edge is bound to remove what others wrote in its name (RFC 8601, 5).
    """

    trusted_peers: tuple[Network, ...] = ()
    edge_peers: tuple[Network, ...] = ()
    authserv_ids: frozenset[str] = frozenset()
    verify_dkim: bool = True
    dns_timeout: timedelta = timedelta(seconds=3)


class SenderProof:
    """Proves senders; DKIM runs in two threads of its own, so a slow name server stops no one."""

    def __init__(self, settings: ProofSettings, *, look_up: LookUp = dns_txt) -> None:
        self._settings = settings
        self._look_up = look_up
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="mail-proof")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def prove(
        self,
        raw: bytes,
        author: str,
        envelope: Mapping[str, str],
        authentication_results: Sequence[str],
    ) -> str:
        """How `author`, the From as it was parsed, is proven; "" when it isn't. Never raises.

        `authentication_results`: that header's unfolded values, topmost first.
        """
        peer = envelope.get("peer", "")
        if not author or sole_author(raw) != normal(author):
            return ""
        # Who writes verdicts is judged by them, even if it stands among the trusted as well.
        edge = bool(self._settings.authserv_ids) and _within(peer, self._settings.edge_peers)
        if not edge and _within(peer, self._settings.trusted_peers):
            return "trusted_peer"
        domain = normal(author).rpartition("@")[2]
        if edge and edge_vouches(authentication_results, self._settings.authserv_ids, domain):
            return "trusted_header"
        if self._settings.verify_dkim and await self._signed(raw, domain):
            return "dkim"
        return ""

    async def _signed(self, raw: bytes, domain: str) -> bool:
        head = _END_OF_HEADERS.search(raw, 0, _MAX_HEADERS)
        if head is None or b"\nDKIM-SIGNATURE" not in b"\n" + raw[: head.end()].upper():
            return False
        timeout = self._settings.dns_timeout.total_seconds()
        verification = asyncio.get_running_loop().run_in_executor(
            self._threads,
            signing_domain,
            raw,
            head.end(),
            lambda signer: aligned(signer, domain),
            self._look_up,
            timeout,
        )
        try:
            # Beside DNS there is the hashing of a large body, and a queue.
            signer = await asyncio.wait_for(verification, timeout * 2 + 5)
        except TimeoutError:
            _log.warning("email.dkim_timeout")
            return False
        return signer is not None


def sole_author(raw: bytes) -> str | None:
    """The one address of the one From, normal; None where the header leaves any doubt.

    Deliberately narrow: everything that parsers are known to read differently (several From
    fields, obsolete forms, bare line ends, an address only in a comment or an encoded word) is
    doubt, so that what was signed and what is shown can't differ.
    """
    end = _END_OF_HEADERS.search(raw, 0, _MAX_HEADERS)
    if end is None:
        return None
    head = raw[: end.start()].replace(b"\r\n", b"\n")
    if b"\r" in head or b"\x00" in head:
        return None
    values: list[bytes] = []
    inside = False
    for line in head.split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            if not line.strip():
                return None
            if inside:
                values[-1] += line
        elif not _FIELD_LINE.match(line):
            return None
        else:
            name, _, value = line.partition(b":")
            inside = name.lower() == b"from"
            if inside:
                values.append(value)
    if len(values) != 1:
        return None
    try:
        text = values[0].decode("utf-8")
    except UnicodeDecodeError:
        return None
    found = {normal(address) for address in _ADDRESS.findall(_QUOTED.sub(" ", text))}
    return found.pop() if len(found) == 1 else None


def aligned(signer: str, author: str) -> bool:
    """Whether the domain `signer` speaks for mail from the domain `author` (module's rule)."""
    signer, author = normal_domain(signer), normal_domain(author)
    if not signer or not author:
        return False
    return signer == author or ("." in signer and author.endswith(f".{signer}"))


def edge_vouches(values: Sequence[str], authserv_ids: frozenset[str], author: str) -> bool:
    """Whether the topmost Authentication-Results of ours says that `author` is genuine."""
    import authres

    ours = {identifier.lower() for identifier in authserv_ids}
    for value in values:
        try:
            header = authres.AuthenticationResultsHeader.parse_value(value)
        except (authres.core.AuthResError, ValueError, IndexError, AttributeError, TypeError):
            continue
        if str(header.authserv_id or "").lower() not in ours:
            continue
        for result in header.results:
            method = getattr(result, "method", None)
            if getattr(result, "result", None) != "pass":
                continue
            properties = [
                (str(each.type), str(each.name), str(each.value))
                for each in getattr(result, "properties", ())
            ]
            if method in _VOUCHING and any(
                (kind, name) in _VOUCHING[method] and _speaks(method, text, author)
                for kind, name, text in properties
            ):
                return True
        return False  # only the topmost of ours counts
    return False


_VOUCHING = {
    "dmarc": {("header", "from")},
    "dkim": {("header", "d"), ("header", "i")},
    "spf": {("smtp", "mailfrom")},
}


def _speaks(method: str, text: str, author: str) -> bool:
    domain = text.rpartition("@")[2]
    if method == "dmarc":
        return normal_domain(domain) == author
    return aligned(domain, author)


def _within(peer: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
