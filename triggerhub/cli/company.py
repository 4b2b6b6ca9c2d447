"""Commands about what a company has: accounts and queues, their list, new names and ends."""

from __future__ import annotations

from typing import Annotated

import typer

from triggerhub.cli.terminal import (
    Config,
    DataDir,
    quiet_settings,
    read,
    refusals,
    show,
    stop,
    write,
)


def account_list(config: Config = None, data_dir: DataDir = None) -> None:
    """List the channel accounts, without their secrets: one JSON line each, by name.

    Examples:

        triggerhub account list

        triggerhub account list | jq -r "select(.channel == \"email\") | .addresses[]"
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import accounts

    with refusals():
        show(read(settings, accounts.list_accounts))


def account_remove(
    name: Annotated[str, typer.Argument(help="Its name.")],
    channel: Annotated[
        str | None,
        typer.Option(help="email, sms or whatsapp, where several have that name."),
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """End an account: it takes nothing in any more, and its addresses are free for another one.

    All that came by it stays. What it still has to send fails, and is shown as failed. Refused
    while the seed file declares it, as far as `--config` or TRIGGERHUB_CONFIG names that file.

    Examples:

        triggerhub account remove "Old mailbox"

        triggerhub account remove "Main number" --channel whatsapp
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import accounts, seeding

    with refusals():
        declared = seeding.accounts(settings.seed)
        account = write(
            settings,
            lambda tx: accounts.remove_account(tx, name, channel=channel, declared=declared),
        )
    typer.echo(f"The account {account.name!r} ({account.channel}) is removed.")


def queue_list(config: Config = None, data_dir: DataDir = None) -> None:
    """List the queues: one JSON line each, by name. `open` counts work that isn't closed.

    Examples:

        triggerhub queue list

        triggerhub queue list | jq -r "select(.open == 0) | .name"
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    with refusals():
        show(read(settings, administration.list_queues))


def queue_rename(
    name: Annotated[str, typer.Argument(help="Its name.")],
    new: Annotated[str, typer.Argument(help="Its name from now on.")],
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Give a queue another name: its work, its people and its accounts stay with it.

    Refused while the seed file declares the old name, as far as `--config` or TRIGGERHUB_CONFIG
    names that file: write the new one there first, wherever it stands.

    Examples:

        triggerhub queue rename "Summer sale" Sale
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    declared = {queue.name for queue in settings.seed.queues}
    if name in declared:
        stop(f"The seed file declares the queue {name!r}: write {new!r} there first.")
    with refusals():
        queue = write(settings, lambda tx: administration.rename_queue(tx, name, new))
    if queue.managed_by == "file" and new not in declared:
        typer.echo(
            f"A seed file declared {name!r}; if it still does, the next start makes another queue"
            " of that name: change it there too.",
            err=True,
        )
    typer.echo(f"The queue {name!r} is now {new!r}.")


def queue_remove(
    name: Annotated[str, typer.Argument(help="Its name.")],
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """End a queue that has no open work and to which no account's work goes.

    Who served it still sees the closed work that came by it. Refused while the seed file declares
    it, as far as `--config` or TRIGGERHUB_CONFIG names that file.

    Examples:

        triggerhub queue remove "Summer sale"
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    if any(queue.name == name for queue in settings.seed.queues):
        stop(f"The seed file declares the queue {name!r}: take it out of the file first.")
    with refusals():
        write(settings, lambda tx: administration.remove_queue(tx, name))
    typer.echo(f"The queue {name!r} is removed.")
