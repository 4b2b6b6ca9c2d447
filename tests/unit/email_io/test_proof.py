"""Who is proven and, above all, who isn't (promise 5)."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from ipaddress import ip_network

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dkim.canonicalization import CanonicalizationPolicy
from hypothesis import given
from hypothesis import strategies as st

from channels.email.parse import parse
from channels.email.proof import ProofSettings, SenderProof, aligned, sole_author
from channels.email.proof_dkim import LookUp, body_hash, signing_domain

ANNA = "anna@customer.example"
MAIL = (
    b"From: Anna <anna@customer.example>\r\nTo: support@demo.example\r\nSubject: x\r\n"
    b"Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n\r\nHello  there \r\n\r\nAnna\r\n\r\n\r\n"
)
OUTSIDE = {"peer": "203.0.113.9"}
EDGE = {"peer": "10.0.0.5"}
SETTINGS = ProofSettings(
    trusted_peers=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
    edge_peers=(ip_network("10.0.0.0/24"),),
    authserv_ids=frozenset({"mx.demo.example"}),
)


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


def record(flags: bytes = b"") -> bytes:
    der = key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa;" + flags + b" p=" + base64.b64encode(der)


def signed(
    raw: bytes = MAIL,
    domain: bytes = b"customer.example",
    *,
    way: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    **options: object,
) -> bytes:
    pem = key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return bytes(dkim.sign(raw, b"sel", domain, pem, canonicalize=way, **options)) + raw


class Dns:
    def __init__(self, text: bytes | None = None) -> None:
        self.text = text
        self.asked: list[str] = []

    def __call__(self, name: str, timeout: float) -> bytes | None:
        self.asked.append(name)
        return self.text


async def prove(
    raw: bytes,
    envelope: dict[str, str] = OUTSIDE,
    *,
    dns: LookUp | None = None,
    settings: ProofSettings = SETTINGS,
) -> str:
    proof = SenderProof(settings, look_up=dns or Dns(record()))
    try:
        mail = parse(raw)
        return await proof.prove(raw, mail.from_.address, envelope, mail.authentication_results)
    finally:
        proof.close()


# --- trusted peers --------------------------------------------------------------------------


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
async def test_a_trusted_peer_is_taken_at_its_word(peer: str) -> None:
    assert await prove(MAIL, {"peer": peer}) == "trusted_peer"


@pytest.mark.parametrize("peer", ["203.0.113.9", "", "local", "::ffff:203.0.113.9", "fe80::1%eth0"])
async def test_others_are_not(peer: str) -> None:
    assert await prove(MAIL, {"peer": peer}) == ""
    assert await prove(MAIL, {}) == ""


@pytest.mark.parametrize(
    "author",
    [
        b"",
        b"From: \r\n",
        b"From: anna@customer.example, eve@elsewhere.example\r\n",
        b"From: anna@customer.example\r\nFrom: eve@elsewhere.example\r\n",
        b"From: anna@customer.example\r\nfrom: anna@customer.example\r\n",
        b"From : anna@customer.example\r\n",
        b"From: =?utf-8?q?anna=40customer.example?=\r\n",
        b"From: anna@customer.example <eve@elsewhere.example>\r\n",
        b"From: <anna@customer.example> <eve@elsewhere.example>\r\n",
        b"From: Anna <anna@customer.example>\rFrom: eve@elsewhere.example\r\n",
        b"From: anna@customer.example\x00\r\n",
        b"From: (anna@customer.example) eve@elsewhere.example\r\n",
        b"From: anna@customer.example\r\n \r\nX: y\r\n",
        b"no header at all\r\nFrom: anna@customer.example\r\n",
        b"From anna@customer.example\r\nFrom: anna@customer.example\r\n",
        b"From: \xff@customer.example\r\n",
    ],
)
async def test_an_author_in_doubt_is_never_proven(author: bytes) -> None:
    raw = author + b"To: support@demo.example\r\nSubject: x\r\n\r\nHello\r\n"
    assert await prove(raw, {"peer": "127.0.0.1"}) == ""


@pytest.mark.parametrize(
    "author",
    [
        b"anna@customer.example",
        b"<ANNA@Customer.example>",
        b'"Anna, the eve@elsewhere.example" <anna@customer.example>',
        b"anna@customer.example <anna@customer.example>",
        b"Anna\r\n <anna@customer.example>",
        "安娜 <anna@customer.example>".encode(),
        b"=?utf-8?b?5a6J5aic?= <anna@customer.example>",
    ],
)
def test_an_author_without_doubt(author: bytes) -> None:
    assert sole_author(b"X: y\r\nFrom: " + author + b"\r\nTo: b@c.example\r\n\r\n") == ANNA


@given(st.binary(max_size=200))
def test_any_header_is_read_without_harm(header: bytes) -> None:
    sole_author(b"From: " + header + b"\r\n\r\n")


# --- the edge's word ------------------------------------------------------------------------


def told(*values: str) -> bytes:
    return b"".join(f"Authentication-Results: {value}\r\n".encode() for value in values) + MAIL


@pytest.mark.parametrize(
    "value",
    [
        "mx.demo.example; dkim=pass header.d=customer.example",
        "MX.Demo.Example; dkim=fail; spf=pass smtp.mailfrom=bounce@customer.example",
        'mx.demo.example 1; spf=fail; dkim=pass (2048-bit) header.i=@customer.example header.b="a"',
        "mx.demo.example; dmarc=pass (p=reject) header.from=customer.example",
    ],
)
async def test_the_edge_vouches(value: str) -> None:
    assert await prove(told(value), EDGE) == "trusted_header"
    assert await prove(told(value), OUTSIDE) == ""  # from anywhere else it is only text


@pytest.mark.parametrize(
    "values",
    [
        ["mx.demo.example; none"],
        ["mx.elsewhere.example; dkim=pass header.d=customer.example"],
        ["mx.demo.example; dkim=pass header.d=elsewhere.example"],
        ["mx.demo.example; dkim=pass header.d=example"],
        ["mx.demo.example; dkim=fail header.d=customer.example"],
        ["mx.demo.example; dkim=pass header.d=mail.customer.example"],
        ["mx.demo.example; spf=pass smtp.helo=customer.example"],
        ["mx.demo.example; dmarc=pass header.from=elsewhere.example"],
        ["mx.demo.example; arc=pass header.d=customer.example"],
        # What stands below the topmost of ours was written by somebody else.
        ["mx.demo.example; dkim=none", "mx.demo.example; dkim=pass header.d=customer.example"],
        ["mx.demo.example; dkim=pass header.d=customer.example.elsewhere.example"],
        ["; ; ;", '"', "mx.demo.example", "mx.demo.example; dkim=pass header.d="],
    ],
)
async def test_the_edge_does_not_vouch(values: list[str]) -> None:
    assert await prove(told(*values), EDGE) == ""


async def test_an_edge_among_the_trusted_is_still_judged_by_its_verdict() -> None:
    both = ProofSettings(
        trusted_peers=SETTINGS.edge_peers,
        edge_peers=SETTINGS.edge_peers,
        authserv_ids=SETTINGS.authserv_ids,
    )
    assert await prove(told("mx.demo.example; dkim=none"), EDGE, settings=both) == ""


async def test_a_header_that_cannot_be_read_is_passed_over() -> None:
    raw = told("((((", "mx.demo.example; dkim=pass header.d=customer.example")
    assert await prove(raw, EDGE) == "trusted_header"


# --- DKIM -----------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
async def test_a_good_signature_proves(headers: bytes, body: bytes) -> None:
    dns = Dns(record())
    assert await prove(signed(way=(headers, body)), dns=dns) == "dkim"
    assert dns.asked == ["sel._domainkey.customer.example"]


async def test_a_parent_domain_speaks_for_its_children_and_not_the_reverse() -> None:
    child = MAIL.replace(b"anna@customer", b"anna@mail.customer")
    assert await prove(signed(child)) == "dkim"
    assert await prove(signed(MAIL, b"mail.customer.example")) == ""
    assert await prove(signed(child, b"example")) == ""
    assert await prove(signed(MAIL, b"elsewhere.example")) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"From: Anna", b"From: Eve"),
        (b"Hello", b"Hallo"),
        (b"Subject: x", b"Subject: y"),
        (b"Anna\r\n\r\n\r\n", b"Anna\r\nP.S. send money\r\n"),
        (b"rsa-sha256", b"rsa-sha1"),
        (b"bh=", b"bh=A"),
        (b"d=customer.example", b"d=customer.example.elsewhere.example"),
        (b"c=relaxed/relaxed", b"c=strange/strange"),
        (b" b=", b" b=!"),
    ],
)
async def test_a_changed_mail_is_not_proven(old: bytes, new: bytes) -> None:
    raw = signed()
    assert old in raw
    assert await prove(raw.replace(old, new, 1)) == ""


async def test_signatures_that_do_not_count() -> None:
    assert await prove(signed(length=True)) == ""  # anything may be appended
    assert await prove(signed(signature_algorithm=b"rsa-sha1")) == ""
    raw = signed()
    assert await prove(raw, dns=Dns(record(b" t=y;"))) == ""
    assert await prove(raw, dns=Dns(record(b" t=s;"))) == "dkim"
    for text in (None, b"", b"v=DKIM1; p=", b"v=DKIM1; p=AAAA", b"\xff\xfe", b"k=rsa", b"p=!"):
        assert await prove(raw, dns=Dns(text)) == ""
    assert await prove(raw, settings=ProofSettings(verify_dkim=False)) == ""


async def test_a_second_from_in_front_is_not_proven() -> None:
    assert await prove(b"From: eve@elsewhere.example\r\n" + signed()) == ""


async def test_the_good_one_of_several_signatures_is_found_but_not_sought_for_ever() -> None:
    one, two = signed(MAIL, b"elsewhere.example"), signed()
    assert await prove(two.removesuffix(MAIL) + one) == "dkim"
    assert await prove(one.removesuffix(MAIL) + two) == "dkim"
    spoilt = signed(MAIL + b"x\r\n").removesuffix(MAIL + b"x\r\n")
    dns = Dns(record())
    assert await prove(spoilt * 3 + two, dns=dns) == ""
    assert dns.asked == []


async def test_name_servers_that_fail_or_hang_prove_nothing() -> None:
    def fails(name: str, timeout: float) -> bytes | None:
        raise OSError("no network")

    assert await prove(signed(), dns=fails) == ""


@given(st.binary(max_size=200))
def test_any_signature_is_refused_without_harm(value: bytes) -> None:
    raw = b"DKIM-Signature: v=1; d=customer.example; " + value + b"\r\n" + MAIL
    start = raw.index(b"\r\n\r\n") + 4
    assert signing_domain(raw, start, lambda domain: True, Dns(record()), 1) is None


@given(
    st.lists(st.sampled_from([b"\r\n", b" ", b"\t", b"a", b"bc", b"\n"]), max_size=40),
    st.booleans(),
)
def test_the_body_is_hashed_as_dkimpy_would(pieces: list[bytes], relaxed: bool) -> None:
    body = b"".join(pieces)
    body += b"" if body.endswith(b"\n") or not body else b"\r\n"  # as every mail does
    normal = b"\r\n".join(body.replace(b"\r\n", b"\n").split(b"\n"))
    way = b"simple/relaxed" if relaxed else b"simple/simple"
    canonical = CanonicalizationPolicy.from_c_value(way).canonicalize_body(normal)
    if canonical and not canonical.endswith(b"\r\n"):
        canonical += b"\r\n"
    digest = hashlib.sha256(canonical).digest()
    assert body_hash(memoryview(body), relaxed=relaxed) == digest


@pytest.mark.thorough
async def test_a_large_body_is_hashed_in_pieces() -> None:
    raw = MAIL + b"\r\n\r\n".join(b"line  %d \t" % n for n in range(30_000)) + b"\r\n" * 1000
    assert await prove(signed(raw)) == "dkim"
    assert await prove(signed(raw, way=(b"simple", b"simple"))) == "dkim"
    assert await prove(signed(raw) + b"x") == ""


@pytest.mark.parametrize(
    ("signer", "author", "speaks"),
    [
        ("a.example", "a.example", True),
        ("A.Example.", "a.example", True),
        ("a.example", "b.a.example", True),
        ("b.a.example", "a.example", False),
        ("a.example", "ba.example", False),
        ("example", "a.example", False),
        ("", "a.example", False),
        ("a.example", "", False),
        ("xn--bcher-kva.example", "bücher.example", True),
    ],
)
def test_alignment(signer: str, author: str, speaks: bool) -> None:
    assert aligned(signer, author) is speaks
