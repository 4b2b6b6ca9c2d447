"""Commands about what is stored: customers, rebuild, replay, backup, restore."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from triggerhub.cli.terminal import Config, DataDir, bar, quiet_settings, refusals, require_schema


def customers(
    query: Annotated[str, typer.Argument(help="Name, number or address, in any form.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 20,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """List customers, the last active first: one JSON line each.

    Examples:

        triggerhub customers "+1 202 555 0100"

        triggerhub customers 王 --limit 5 | jq -r .name
    """
    import json

    settings = quiet_settings(config, data_dir=data_dir)
    from storage.views import SqlViews
    from triggerhub.database import open_store
    from triggerhub.domain.permissions import Actor

    async def run() -> Any:
        store = open_store(settings)
        try:
            viewer = Actor(id="admin:command_line", role="admin")
            return await SqlViews(store).customers(query, viewer=viewer, after=None, limit=limit)
        finally:
            await store.stop()

    with refusals():
        require_schema(settings)
        found = asyncio.run(run())
    for row in found["items"]:
        typer.echo(json.dumps(row, ensure_ascii=False))


def erase(
    customer_id: Annotated[str, typer.Argument(help="The customer's id.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Remove for ever what a customer wrote, was told and is known by. It can't be undone.

    Examples:

        triggerhub erase cu_01jz0000000000000000000000

        triggerhub customers "+1 202 555 0100" | jq -r .id | xargs triggerhub erase --yes
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from storage import erasure
    from triggerhub.database import open_store

    async def run() -> erasure.Erasure:
        store = open_store(settings)
        await store.start()
        try:
            return await erasure.erase(store, customer_id, actor="admin:command_line")
        finally:
            await store.stop()

    with refusals():
        require_schema(settings)
        if not yes:
            typer.confirm(f"Erase everything of {customer_id}?", abort=True, err=True)
        done = asyncio.run(run())
    typer.echo(f"{done.contents} pieces of content are gone.")
    if not done.clean:
        typer.echo("The hub is still reading; its log is emptied soon. Run this again.", err=True)
        raise typer.Exit(1)


def rebuild(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; leave everything as it is.")
    ] = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Fold the log again into customers, timelines, queues and boards, and compare every row.

    Runs beside a hub. Tables that differ are replaced by what the log says, in one transaction;
    with --check they stay, and the exit code is 1.

    Examples:

        triggerhub rebuild --check

        triggerhub backup ./before && triggerhub rebuild
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from storage.rebuild import rebuild as fold
    from triggerhub.database import open_store

    with refusals(), bar("Events folded") as progress:
        require_schema(settings)
        store = open_store(settings)
        report = fold(store.database, store.kit, progress, swap=not check)
    for table, rows in report.rows.items():
        typer.echo(f"{table}: {rows}")
    for difference in report.differences:
        typer.echo(f"{difference.table}: {difference.missing} missing, {difference.extra} too many")
        for sample in difference.samples:
            typer.echo(f"  {sample}")
    if report.identical:
        typer.echo(f"{report.events} events: everything is as the log says.")
    else:
        typer.echo("What differed was replaced." if report.swapped else "The projections differ.")
    raise typer.Exit(0 if report.identical or report.swapped else 1)


def replay(
    items: Annotated[
        list[str] | None,
        typer.Argument(help="What needs attention, by id; none: list it.", show_default=False),
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds in which the hub is to have read them.")
    ] = 10.0,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Have a running hub read again what could not be read; without ids, list what needs attention.

    The bytes are as they came: what was mended since may make sense of them. For each id one JSON
    line says what came of it: its outcome is read, set_aside (by the rule in `reason`), failed
    (again, for that `reason`), refused (`reason` says why) or waiting (not read within the time: is
    the hub running?). Ends with 1 if any was refused.

    Examples:

        triggerhub replay

        triggerhub replay at_06h01824jjfmdt1j0ak7tg

        triggerhub replay | jq -r 'select(.kind == "unparseable").id' | xargs triggerhub replay
    """
    import json

    settings = quiet_settings(config, data_dir=data_dir)
    from storage.views import SqlViews
    from triggerhub.cli.rereading import read_again
    from triggerhub.database import open_store

    async def run() -> int:
        """How many were refused."""
        store = open_store(settings)
        await store.start()
        refused = 0
        try:
            if items:
                async for row in read_again(store, items, wait):
                    typer.echo(json.dumps(row, ensure_ascii=False))
                    refused += row["outcome"] == "refused"
            else:
                found = await SqlViews(store).attention(state="open", after=None, limit=1000)
                for row in found["items"]:
                    typer.echo(json.dumps(row, ensure_ascii=False))
        finally:
            await store.stop()
        return refused

    with refusals():
        require_schema(settings)
        refused = asyncio.run(run())
    raise typer.Exit(1 if refused else 0)


def backup(
    target: Annotated[Path, typer.Argument(help="Folder to be made.", show_default=False)],
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Copy database, large content and master key into a new folder; the hub may be running.

    Keep it as safe as the hub: the master key is in it, unless TRIGGERHUB_MASTER_KEY is set.
    PostgreSQL is dumped by pg_dump, which must be at least as new as the server.

    Examples:

        triggerhub backup /srv/backups/hub-$(date +%F)

        triggerhub backup ./before-update --data-dir /var/lib/triggerhub
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import backup as copies
    from triggerhub.domain.clock import SystemClock

    with refusals(), bar("Large content") as progress:
        copies.backup(settings, target, SystemClock().now(), progress)
    typer.echo(f"The backup is {target}")


def restore(
    source: Annotated[Path, typer.Argument(help="Folder of a backup.", show_default=False)],
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Bring a backup back into a data folder that has no database, or an empty PostgreSQL database.

    Open consoles start anew. What waited to be sent when it was made is not sent: it may have been
    since, so it is listed under "needs attention". Whoever was erased since must be erased again.

    Examples:

        triggerhub restore /srv/backups/hub-2026-01-05

        triggerhub restore ./before-update --data-dir /tmp/look-at-it
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import backup as copies

    with refusals(), bar("Large content") as progress:
        copies.restore(settings, source, progress)
    typer.echo(f"Restored into {settings.data_dir.absolute()}; `triggerhub doctor` looks at it.")
