"""Commands about who may enter: init, and token create, list and revoke."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from triggerhub.cli.terminal import (
    Config,
    DataDir,
    quiet_settings,
    read,
    refusals,
    show,
    write,
)
from triggerhub.cli.users import new_password


def init(
    config: Config = None,
    data_dir: DataDir = None,
    admin: Annotated[str, typer.Option(help="Login of the first administrator.")] = "admin",
) -> None:
    """Make the data folder, the database and the first administrator; apply the seed file.

    Can be run again: what is there already stays. While there is no administrator, one is made,
    also beside people whom the seed file names, and the password shown, once, alone on the last
    line.

    Examples:

        triggerhub init

        triggerhub init --config hub.toml --data-dir /var/lib/triggerhub
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration
    from triggerhub.database import migrate, open_store
    from triggerhub.seeding import apply_seed

    with refusals():
        backup = migrate(settings)
        if backup is not None:
            typer.echo(f"The database was brought up to date; a backup is {backup}")
        password = new_password()
        first = administration.UserSpec(
            login=admin,
            name="Administrator",
            role="admin",
            password_hash=administration.hash_password(password),
        )

        async def run() -> bool:
            store = open_store(settings)
            await store.start()
            try:
                await apply_seed(store, settings.seed)

                return await store.write(lambda tx: administration.add_first(tx, first))
            finally:
                await store.stop()

        made = asyncio.run(run())
    typer.echo(f"The hub's data are in {settings.data_dir.absolute()}")
    if made:
        typer.echo(f"The first administrator is {admin!r}; the password is shown this once:")
        typer.echo(password)


def token_create(
    name: Annotated[str, typer.Option(help="What it is for.")],
    role: Annotated[
        str, typer.Option(help="integration (reads), supervisor or admin.")
    ] = "integration",
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key for the API; it stands alone on the last line and is shown this once.

    What is a person's own is refused to it: presence, offers, replies, notes.

    Examples:

        triggerhub token create --name erp --role integration

        TOKEN=$(triggerhub token create --name wallboard --role supervisor | tail -n 1)

        curl -H "Authorization: Bearer $TOKEN" localhost:8080/api/v1/queues
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    token = administration.new_token()
    with refusals():
        write(
            settings,
            lambda tx: administration.create_token(tx, name=name, role=role, token=token),
        )
    typer.echo(f"A token for {name!r} with the role {role}, shown this once:", err=True)
    typer.echo(token)


def token_list(config: Config = None, data_dir: DataDir = None) -> None:
    """List the keys that were made, the revoked ones too: one JSON line each, without the keys.

    Examples:

        triggerhub token list

        triggerhub token list | jq -r "select(.revoked | not) | .name"
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    with refusals():
        show(read(settings, administration.list_tokens))


def token_revoke(
    token: Annotated[str, typer.Argument(help="Its name, or its id from `token list`.")],
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """End a key: a running hub refuses it from the next request on. It can't be undone.

    Examples:

        triggerhub token revoke erp

        triggerhub token revoke tok_0190a0b1c2d3
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    with refusals():
        token_id = write(settings, lambda tx: administration.revoke_token(tx, token))
    typer.echo(f"{token_id} is revoked.")
