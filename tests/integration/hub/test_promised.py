"""What the document promises of the reads, held to a hub where things have happened."""

from __future__ import annotations

from tests.acceptance.hub_process import MAILBOX, NUMBER
from tests.integration.console.promised import DOCUMENT, hold_to, operations_at
from tests.integration.hub.company import Company, accepted, entry, replied

PHONE = "+15550100042"
BYTES = {"readHtml", "readRaw", "readAttachment"}


async def test_what_is_served_is_what_the_document_says(house: Company) -> None:
    ann = await house.at_console("ann", available=True)
    media = house.carrier.add_media("image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    await house.carrier.customer_sends(PHONE, NUMBER, "Where is it?", media=[media])
    row = await accepted(ann, "Where is it?")
    await replied(ann, row, "On its way.")
    await entry(ann, "On its way.", "delivered")
    await ann.ask("note.add", conversation_id=row["conversation_id"], text="Kind person")
    note = await entry(ann, "Kind person")
    await ann.ask("interaction.close", interaction_id=row["id"])
    sue = await house.at_console("sue")
    mail = b"From: Bo <bo@customer.example>\r\nReply-To: c@customer.example\r\n\r\nMail\r\n"
    assert (await house.mailbox.send_raw(mail, "bo@customer.example", (MAILBOX,))).ok
    assert (await house.mailbox.send_raw(b"\0" * 9, "bo@customer.example", (MAILBOX,))).ok
    claimed = await accepted(ann, "Mail")
    await sue.until(lambda state: state["attention"]["count"], "what can't be read")

    asked = set()
    for console in (ann, sue):
        for path in (
            "about", "session", "customers", "interactions?state=open", "queues", "agents",
            "accounts", "why-no-work", f"customers/{row['customer_id']}",
            f"customers/{row['customer_id']}/timeline", f"customers/{claimed['customer_id']}",
            f"customers/{claimed['customer_id']}/timeline",
            f"conversations/{row['conversation_id']}", "attention", "metrics", "events?limit=1000",
            f"messages/{note['id']}/outcome?after=0",
        ):  # fmt: skip
            address = f"/api/v1/{path}"
            operations = operations_at(address.partition("?")[0])
            assert operations is not None, path
            async with console.http.get(address) as answer:
                assert answer.status == 200 or console is ann, (path, await answer.text())
                promised = operations["get"]["responses"][str(answer.status)]["content"]
                hold_to(promised[answer.content_type]["schema"], await answer.json())
            asked.add(operations["get"]["operationId"])
        for frame in console.frames:
            if frame["type"] == "snapshot":
                hold_to("Snapshot", frame["data"])
            elif frame["type"].endswith(".changed"):
                _held(frame["type"].removesuffix(".changed").title(), frame["data"])
    reads = {of["get"]["operationId"] for of in DOCUMENT["paths"].values() if "get" in of}
    assert asked == reads - BYTES


def _held(model: str, data: dict[str, object]) -> None:
    match model:
        case "Entry" | "Card":
            hold_to(model, data[model.lower()])
        case "Agent":
            hold_to("Agent" if "status" in data else "AgentName", data)
        case "Queue" | "Interaction" | "Offer" | "Account":
            hold_to(model, data)
        case _:
            pass
