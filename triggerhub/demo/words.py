"""The names, numbers and dates that fill the gaps in a story.

Owns what `$order`, `$machine` or `$sign` stand for in one telling; must not know when things
happen beyond the date of the story's beginning.
"""

from __future__ import annotations

import calendar
import random
from collections.abc import Mapping
from datetime import datetime, timedelta

from triggerhub.demo.cast import Customer, User

_MACHINES = {
    ("en", "home"): ("Kestrel Uno", "Kestrel Duo", "Kestrel Piccolo", "Hover Mini"),
    ("en", "hotel"): ("Hover Pro", "Hover 40", "Kestrel Suite"),
    ("zh", "home"): ("红隼 Uno", "红隼 Duo", "红隼小巧版"),
    ("zh", "hotel"): ("悬停 Pro", "悬停 40", "红隼客房版"),
}
_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Monday"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周一"),
}
_MONTHS = tuple(calendar.month_name)[1:]
_NEW_STREETS = {
    "GB": ("7 Wren Court, Bath BA1", "Flat 3, 19 Mill Lane, York", "44 Poplar Rise, Exeter"),
    "US": ("90 Orchard Lane, Apt 2", "1511 Linden Street", "8 Ferry Road, Unit C"),
    "CN": ("上海市徐汇区枫林里 22 号 301", "杭州市拱墅区运河苑 9 幢", "成都市武侯区桐梓巷 6 号"),
}
_CURRENCY = {"GB": "£", "US": "US$", "CN": "¥"}
_GREETINGS = ("Kind regards,", "Best wishes,", "Many thanks,", "Regards,")


def words_for(customer: Customer, began_at: datetime, rng: random.Random) -> Mapping[str, str]:
    """Everything but `$me`, which depends on who answers."""
    language = customer.language
    cents = rng.choice((0, 50, 90, 95))
    amount = rng.randrange(9, 190) if language == "en" else rng.randrange(38, 1290)
    bought = began_at - timedelta(days=rng.randrange(60, 500))
    first = customer.name.split()[0]
    return {
        "name": customer.name,
        "first": first,
        "honor": customer.name[0] + ("女士" if customer.gender == "f" else "先生"),
        "company": customer.company or customer.name,
        "street": customer.street,
        "newstreet": rng.choice(_NEW_STREETS[customer.region]),
        "machine": rng.choice(_MACHINES[language, customer.kind]),
        "order": f"K-{rng.randrange(20100, 28900)}",
        "invoice": f"INV-{rng.randrange(4100, 9800)}",
        "serial": f"KD{bought.year % 100}-{rng.randrange(10_000, 99_999):06d}",
        "num": str(rng.randrange(1000, 9999)),
        "amount": f"{_CURRENCY[customer.region]}{amount}.{cents:02d}",
        "weekday": _DAYS[language][(began_at.weekday() + rng.randrange(1, 4)) % 7],
        "month": _MONTHS[bought.month - 1] if language == "en" else f"{bought.month} 月",
        "sign": _signature(customer, rng),
    }


def agent_words(agent: User) -> Mapping[str, str]:
    """What depends on who answers."""
    return {"me": agent.given}


def _signature(customer: Customer, rng: random.Random) -> str:
    lines = [customer.name]
    if customer.language == "en":
        lines.insert(0, rng.choice(_GREETINGS))
    if customer.company:
        lines.append(customer.company)
    return "\n".join(lines)
