"""Who is in the demo company: its queues, people, channel accounts and customers.

Owns the invented names and the reserved numbers and addresses that they go by. Must not know what
anybody says (that is `story`), nor the hub. Passwords and tokens here open a demo on loopback and
nothing else, so they are no secrets.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, cast

Region = Literal["GB", "US", "CN"]
Language = Literal["en", "zh"]
Kind = Literal["home", "hotel"]
Gender = Literal["f", "m"]
ContactChannel = Literal["email", "sms", "whatsapp"]

NAME = "Kestrel Coffee"
NAME_ZH = "红隼咖啡"
DOMAIN = "demo.example"
PASSWORD = "demo"  # noqa: S105


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    key: str
    name: str
    sla_seconds: int
    offer_seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who signs in as `login` with `password`. `given`: how they sign."""

    login: str
    password: str
    name: str
    given: str
    role: Literal["agent", "supervisor", "admin"]
    language: Language
    queues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccount:
    """A channel account of type email; `queue` is where its mail waits."""

    key: str
    name: str
    addresses: tuple[str, ...]
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsAccount:
    """A channel account of type sms; its numbers serve WhatsApp as well."""

    key: str
    name: str
    numbers: tuple[str, ...]
    account_sid: str
    auth_token: str
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody who writes. `phone` is E.164, `email` lower case; `kind` is home or hotel."""

    key: str
    name: str
    company: str
    kind: Kind
    tier: str
    language: Language
    region: Region
    gender: Gender
    street: str
    tags: tuple[str, ...]
    phone: str
    email: str

    @property
    def timezone(self) -> str:
        return {"GB": "Europe/London", "US": "America/New_York", "CN": "Asia/Shanghai"}[self.region]


QUEUES = (
    Queue(key="deliveries", name="Deliveries", sla_seconds=120),
    Queue(key="billing", name="Billing", sla_seconds=300),
    Queue(key="zh", name="中文服务", sla_seconds=120),
)

USERS = (
    User(
        login="amara",
        password=PASSWORD,
        name="Amara Okafor",
        given="Amara",
        role="agent",
        language="en",
        queues=("deliveries", "billing"),
    ),
    User(
        login="jonas",
        password=PASSWORD,
        name="Jonas Weber",
        given="Jonas",
        role="agent",
        language="en",
        queues=("deliveries", "billing"),
    ),
    User(
        login="zhiqiang",
        password=PASSWORD,
        name="陈志强",
        given="志强",
        role="agent",
        language="zh",
        queues=("zh",),
    ),
    User(
        login="xiaowen",
        password=PASSWORD,
        name="孙晓雯",
        given="晓雯",
        role="agent",
        language="zh",
        queues=("zh", "billing"),
    ),
    User(
        login="grace",
        password=PASSWORD,
        name="Grace Lindholm",
        given="Grace",
        role="supervisor",
        language="en",
        queues=("deliveries", "billing", "zh"),
    ),
    User(
        login="admin",
        password=PASSWORD,
        name="Robin Hale",
        given="Robin",
        role="admin",
        language="en",
        queues=("deliveries", "billing", "zh"),
    ),
)

MAIL_ACCOUNTS = (
    MailAccount(
        key="support", name="Support", addresses=(f"support@{DOMAIN}",), queue="deliveries"
    ),
    MailAccount(key="billing", name="Billing", addresses=(f"billing@{DOMAIN}",), queue="billing"),
    MailAccount(key="kefu", name="中文邮箱", addresses=(f"kefu@{DOMAIN}",), queue="zh"),
)


def _hex(word: str) -> str:
    """32 hex digits that are the same on every machine, so that a restarted demo goes on."""
    return hashlib.sha256(f"kestrel demo {word}".encode()).hexdigest()[:32]


SMS_ACCOUNTS = (
    SmsAccount(
        key="uk",
        name="Kestrel UK",
        numbers=("+442079460100",),
        account_sid="AC" + _hex("uk sid"),
        auth_token=_hex("uk token"),
        queue="deliveries",
    ),
    SmsAccount(
        key="cn",
        name="红隼中国",
        numbers=("+862155550100",),
        account_sid="AC" + _hex("cn sid"),
        auth_token=_hex("cn token"),
        queue="zh",
    ),
)

# Which account a queue's customers write to.
_MAILBOX = {"deliveries": "support", "billing": "billing", "zh": "kefu"}
_NUMBER = {"deliveries": "uk", "billing": "uk", "zh": "cn"}


def account_key(queue: str, channel: ContactChannel) -> str:
    """The key of the account by which a queue is reached on a channel."""
    return _MAILBOX[queue] if channel == "email" else _NUMBER[queue]


def mail_account(key: str) -> MailAccount:
    return next(account for account in MAIL_ACCOUNTS if account.key == key)


def sms_account(key: str) -> SmsAccount:
    return next(account for account in SMS_ACCOUNTS if account.key == key)


def our_address(channel: ContactChannel, key: str) -> str:
    """What the customer writes to: a mailbox, a number, or `whatsapp:` and a number."""
    if channel == "email":
        return mail_account(key).addresses[0]
    return ("whatsapp:" if channel == "whatsapp" else "") + sms_account(key).numbers[0]


def their_address(channel: ContactChannel, customer: Customer) -> str:
    """What the customer writes from, spelt as `our_address`."""
    if channel == "email":
        return customer.email
    return ("whatsapp:" if channel == "whatsapp" else "") + customer.phone


def user(login: str) -> User:
    return next(person for person in USERS if person.login == login)


@cache
def customers() -> tuple[Customer, ...]:
    """Everyone in stories/people.txt, each with a number and a mailbox reserved for fiction."""
    text = resources.files("triggerhub.demo").joinpath("stories/people.txt").read_text("utf-8")
    found: list[Customer] = []
    given: dict[str, int] = {"GB": 0, "US": 0, "CN": 0}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        key, name, company, kind, tier, language, region, gender, street, tags = (
            part.strip() for part in line.split("|")
        )
        found.append(
            Customer(
                key=key,
                name=name,
                company=company,
                kind=cast("Kind", kind),
                tier=tier,
                language=cast("Language", language),
                region=cast("Region", region),
                gender=cast("Gender", gender),
                street=street,
                tags=tuple(tag.strip() for tag in tags.split(",") if tag.strip()),
                phone=_phone(cast("Region", region), given[region]),
                email=_mailbox(key, name, company),
            )
        )
        given[region] += 1
    return tuple(found)


def customer(key: str) -> Customer:
    return next(person for person in customers() if person.key == key)


_AREAS = ("202", "617", "312", "415", "802", "603")


def _phone(region: Region, number: int) -> str:
    """Ofcom's drama numbers, NANP's 555-01xx, and mobile numbers whose range nobody has."""
    match region:
        case "GB":
            return f"+447700900{161 + 13 * number:03d}"
        case "US":
            return f"+1{_AREAS[number % len(_AREAS)]}55501{10 + 7 * number:02d}"
        case "CN":
            return f"+861380000{1024 + 137 * number:04d}"


def _mailbox(key: str, name: str, company: str) -> str:
    if company:
        house = re.sub(r"[^a-z]", "", company.lower())
        return f"{key}@{house or key + '-hotel'}.example"
    words = re.findall(r"[a-z]+", name.lower())
    if not words:
        return f"{key}@youxiang.example"
    return f"{key}@{words[1] if len(words) > 1 else words[0]}.example"
