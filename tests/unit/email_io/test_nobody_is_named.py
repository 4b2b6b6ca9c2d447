"""Words of relays and reports about a mail of ours, as they go into the house: nobody named."""

from __future__ import annotations

import aiosmtplib
import pytest

from channels.email.compose import compose
from channels.email.send import _verdict
from tests.unit.email_io.messages import ACCOUNT, REPLIES, outbound
from tests.unit.email_io.test_adapter import bounce, read
from triggerhub.domain.errors import Invalid
from triggerhub.domain.model.message import Address


@pytest.mark.parametrize("code", [450, 550])
def test_a_relay_that_repeats_the_recipient(code: int) -> None:
    exc = aiosmtplib.SMTPResponseException(code, "5.1.1 <anna@customer.example>: unknown")
    assert str(_verdict(exc)) == f"the relay answered: {code} 5.1.1 <a…@c…>: unknown"


async def test_a_report_that_repeats_the_recipient() -> None:
    ours = compose(outbound(), ACCOUNT, REPLIES).message_id
    told = bounce(ours).replace("550 no such", "550 <anna@customer.example> no such")
    message = await read(told)
    assert message.report is not None
    assert message.report.reason.endswith("550 <a…@c…> no such mailbox")


@pytest.mark.parametrize("address", ["anna smith@customer.example", "anna at customer.example"])
def test_an_address_that_is_none(address: str) -> None:
    message = outbound(to=Address(kind="email", address=address))
    with pytest.raises(Invalid) as refused:
        compose(message, ACCOUNT, REPLIES)
    assert "anna" not in str(refused.value)
