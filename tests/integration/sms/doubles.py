"""An inbox and a directory in memory, and one account seen from both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from triggerhub.demo.carrier_rules import CarrierAccount
from triggerhub.domain.errors import Invalid
from triggerhub.domain.model.message import Accepted, Account, Arrival

ACCOUNT_SID = "AC" + "1e" * 16
SERVICE_SID = "MG" + "2d" * 16
TOKEN = "0123456789abcdef-demo"
NUMBER = "+12025550100"
CUSTOMER = "+12025550123"
PUBLIC_URL = "https://hub.example/desk"
SMS_URL = f"{PUBLIC_URL}/hooks/twilio/sms"
STATUS_URL = f"{PUBLIC_URL}/hooks/twilio/status"


class FakeInbox:
    """Keeps arrivals in memory, as strict about ids as the real one. ``fault`` is raised once."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.fault: Exception | None = None

    async def accept(self, arrival: Arrival) -> Accepted:
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        if not arrival.external_id:
            raise Invalid("empty external id")
        for index, known in enumerate(self.arrivals):
            if (known.account_id, known.external_id) == (arrival.account_id, arrival.external_id):
                return Accepted(id=f"m{index}", duplicate=True)
        self.arrivals.append(arrival)
        return Accepted(id=f"m{len(self.arrivals) - 1}", duplicate=False)


class FakeDirectory:
    def __init__(self, *accounts: Account) -> None:
        self.accounts = list(accounts)

    def by_id(self, account_id: str) -> Account | None:
        return next((a for a in self.accounts if a.id == account_id), None)

    def by_address(self, channel: str, address: str) -> Account | None:
        return next(
            (a for a in self.accounts if a.channel == channel and address in a.addresses), None
        )

    def of_channel(self, channel: str) -> Sequence[Account]:
        return [a for a in self.accounts if a.channel == channel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The hooks alone, served at ``address``; the public URL leads elsewhere, as in life."""

    address: str
    inbox: FakeInbox
    directory: FakeDirectory


def hub_account(*, channel: str = "sms", token: str = TOKEN, **more: str) -> Account:
    """The account as the hub has it. ``more``: messaging_service_sid, previous_auth_token."""
    options = {"account_sid": ACCOUNT_SID}
    if service := more.pop("messaging_service_sid", ""):
        options["messaging_service_sid"] = service
    return Account(
        id=f"acc_{channel}",
        channel=channel,
        name="Main number",
        addresses=(NUMBER,),
        options=options,
        secrets={"auth_token": token, **more},
    )


def carrier_account(token: str = TOKEN, sms_url: str = SMS_URL) -> CarrierAccount:
    """The same account as the carrier has it."""
    return CarrierAccount(
        sid=ACCOUNT_SID,
        auth_token=token,
        numbers=(NUMBER,),
        sms_url=sms_url,
        services={SERVICE_SID: (NUMBER,)},
    )
