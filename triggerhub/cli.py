"""The commands of a terminal. Owns words, options and exit codes; imports what it calls lazily."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from config.settings import Settings
    from storage.transaction import Transaction
    from triggerhub.bootstrap import Hub

T = TypeVar("T")
WRONG_SETTINGS = 2

app = typer.Typer(
    name="triggerhub",
    help="Trigger Center: every way in which a customer can reach a company ends in one place.\n\n"
    "Settings: defaults < file (--config) < environment (TRIGGERHUB_...) < options; "
    "see docs/settings.md. All commands work beside a running hub.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
user_app = typer.Typer(help="People who sign in.", no_args_is_help=True)
token_app = typer.Typer(help="Keys for programs that use the API.", no_args_is_help=True)
app.add_typer(user_app, name="user")
app.add_typer(token_app, name="token")

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="TOML file with settings and seed.", show_default=False),
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of database and content.", show_default=False),
]


@app.command()
def serve(
    config: Config = None,
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address of HTTP.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="Port of HTTP.", show_default=False)] = None,
    smtp_host: Annotated[
        str | None, typer.Option(help="Address of SMTP.", show_default=False)
    ] = None,
    smtp_port: Annotated[int | None, typer.Option(help="Port of SMTP.", show_default=False)] = None,
    log_level: Annotated[
        str | None, typer.Option(help="debug, info, warning, error.", show_default=False)
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="With a demo company, its customers and a carrier.")
    ] = False,
) -> None:
    """Run the hub: console and webhooks on 8080, mail on 8025.

    The database is made, or brought up to date after a backup. SIGTERM and Ctrl-C drain: what was
    accepted is finished, consoles are told. A second one stops at once.

    With --demo there is a company in it with months of history, in a database of its own, and
    /demo is its customers' phone and mailbox; nothing leaves this machine.

    Examples:

        triggerhub serve --demo

        triggerhub serve --config /etc/triggerhub/hub.toml --host 0.0.0.0

        TRIGGERHUB_RELAY_URL=smtp://relay.company.example triggerhub serve --port 9000
    """
    settings = _settings(
        config,
        data_dir=data_dir,
        http_host=host,
        http_port=port,
        smtp_host=smtp_host,
        smtp_port=smtp_port,
        log_level=log_level,
    )
    from triggerhub.observability import configure_logging

    configure_logging(level=settings.log_level, form=settings.log_format)
    import uvloop

    ready = False

    def on_ready(hub: Hub) -> None:
        nonlocal ready
        ready = True
        _welcome_demo(hub) if demo else _welcome(hub)

    with _refusals():
        if demo:
            from triggerhub.demo.stage import serve_demo

            code = uvloop.run(serve_demo(settings, on_ready=on_ready))
        else:
            from triggerhub.serving import serve as run

            code = uvloop.run(run(settings, on_ready=on_ready))
    if code and not ready:
        typer.echo("The hub did not start; `triggerhub doctor` says more.", err=True)
    raise typer.Exit(code)


def _welcome_demo(hub: Hub) -> None:
    """Where to go and as whom."""
    from triggerhub.demo.cast import PASSWORD, USERS

    base = f"http://{_shown(hub.settings.http_host)}:{hub.http_port}"
    logins = ", ".join(f"{user.login} ({user.role})" for user in USERS)
    typer.echo(f"\n  Agents and supervisor   {base}")
    typer.echo(f"  Be the customer         {base}/demo")
    typer.echo(f"  Send it a real mail     {_shown(hub.settings.smtp_host)}:{hub.smtp_port} (SMTP)")
    typer.echo(f"  Sign in as              {logins}")
    typer.echo(f"  Everybody's password    {PASSWORD}\n")
    typer.echo("  Ctrl-C drains and stops.\n")


def _welcome(hub: Hub) -> None:
    typer.echo(f"Console and API  http://{_shown(hub.settings.http_host)}:{hub.http_port}")
    typer.echo(f"Mail             {_shown(hub.settings.smtp_host)}:{hub.smtp_port} (SMTP)")
    typer.echo("Ctrl-C drains and stops.")


def _shown(host: str) -> str:
    return "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host  # noqa: S104


@app.command()
def init(
    config: Config = None,
    data_dir: DataDir = None,
    admin: Annotated[str, typer.Option(help="Login of the first administrator.")] = "admin",
) -> None:
    """Make the data folder, the database and the first administrator; apply the seed file.

    Can be run again: what is there already stays. While nobody can sign in, an administrator is
    made, and the password shown, once, alone on the last line.

    Examples:

        triggerhub init

        triggerhub init --config hub.toml --data-dir /var/lib/triggerhub
    """
    settings = _quiet_settings(config, data_dir=data_dir)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    from triggerhub import administration
    from triggerhub.bootstrap import migrate, open_store
    from triggerhub.seeding import apply_seed

    with _refusals():
        backup = migrate(settings)
        if backup is not None:
            typer.echo(f"The database was brought up to date; a backup is {backup}")
        password = _password()
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

                def add(tx: Transaction) -> bool:
                    if tx.users():
                        return False
                    administration.add_user(tx, first)
                    return True

                return await store.write(add)
            finally:
                await store.stop()

        made = asyncio.run(run())
    typer.echo(f"The hub's data are in {settings.data_dir.absolute()}")
    if made:
        typer.echo(f"The first administrator is {admin!r}; the password is shown this once:")
        typer.echo(password)


@user_app.command("add")
def user_add(
    login: Annotated[str, typer.Argument(help="What they sign in with.")],
    name: Annotated[str, typer.Option(help="What colleagues and customers see.")],
    role: Annotated[str, typer.Option(help="agent, supervisor or admin.")] = "agent",
    queue: Annotated[
        list[str] | None, typer.Option(help="A queue they serve, by name; may be repeated.")
    ] = None,
    language: Annotated[str, typer.Option(help="en or zh-CN.")] = "en",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Add a person. Without --password-stdin a password is made and shown on the last line.

    Examples:

        triggerhub user add ann --name "Ann Example" --queue Support --queue Billing

        triggerhub user add wei --name "伟 Example" --role supervisor --language zh-CN

        pass show hub/ann | triggerhub user add ann --name Ann --password-stdin
    """
    settings = _quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _password()
    if not password:
        _stop("The password on standard input is empty.")
    spec = administration.UserSpec(
        login=login,
        name=name,
        role=role,
        language=language,
        queues=tuple(queue or ()),
        password_hash=administration.hash_password(password),
    )
    with _refusals():
        _write(settings, lambda tx: administration.add_user(tx, spec))
    typer.echo(f"{name} can sign in as {login!r}.")
    if not password_stdin:
        typer.echo(password)


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Option(help="What it is for.")],
    role: Annotated[
        str, typer.Option(help="agent, supervisor, admin or integration (reads).")
    ] = "integration",
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key for the API; it stands alone on the last line and is shown this once.

    Examples:

        triggerhub token create --name erp --role integration

        TOKEN=$(triggerhub token create --name wallboard --role supervisor | tail -n 1)

        curl -H "Authorization: Bearer $TOKEN" localhost:8080/api/v1/queues
    """
    settings = _quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    token = administration.new_token()
    with _refusals():
        _write(
            settings,
            lambda tx: administration.create_token(tx, name=name, role=role, token=token),
        )
    typer.echo(f"A token for {name!r} with the role {role}, shown this once:", err=True)
    typer.echo(token)


@app.command()
def inspect(
    files: Annotated[list[str], typer.Argument(help="Raw messages (.eml).", show_default=False)],
    channel: Annotated[str, typer.Option(help="What the files are: email.")] = "email",
) -> None:
    """Print what the hub would make of raw messages: one JSON line each, in order.

    Stores nothing and needs no database, settings or network. What can't be parsed is a line with
    "ok": false and its problems; the exit code is 0 all the same.

    Examples:

        triggerhub inspect letter.eml --channel email

        triggerhub inspect maildir/*.eml | jq -r .reply_text
    """
    if channel != "email":
        raise typer.BadParameter("only email can be inspected", param_hint="--channel")
    from channels.email.inspect import inspect_files

    try:
        inspect_files(files, sys.stdout.buffer)
    except BrokenPipeError:
        # Nobody reads any more; keep the interpreter from writing again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command()
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

    settings = _quiet_settings(config, data_dir=data_dir)
    from storage.views import SqlViews
    from triggerhub.bootstrap import open_store
    from triggerhub.domain.permissions import Actor

    async def run() -> Any:
        store = open_store(settings)
        try:
            viewer = Actor(id="admin:command_line", role="admin")
            return await SqlViews(store).customers(query, viewer=viewer, after=None, limit=limit)
        finally:
            await store.stop()

    with _refusals():
        _ready(settings)
        found = asyncio.run(run())
    for row in found["items"]:
        typer.echo(json.dumps(row, ensure_ascii=False))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds for each DNS question.")] = 3.0,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Look for what is wrong with this installation, and say how to mend it.

    Ports, certificate, permissions, disk, schema, clock, SPF and DKIM of sending domains, package
    names. Changes nothing. The exit code is 1 if something is broken.

    Examples:

        triggerhub doctor

        triggerhub doctor --json | jq '.findings[] | select(.state != "good")'
    """
    settings = _quiet_settings(config, data_dir=data_dir)
    from triggerhub import doctor as checks

    findings = checks.examine(settings, timeout=timeout)
    if as_json:
        typer.echo(checks.as_json(findings))
    else:
        marks = {"good": "✓", "warning": "!", "broken": "✗", "skipped": "·"}
        for found in findings:
            typer.echo(f"{marks[found.state]} {found.check}: {found.text}")
            if found.mend and found.state != "good":
                typer.echo(f"    {found.mend}")
    raise typer.Exit(1 if checks.broken(findings) else 0)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="Folder to be made.", show_default=False)],
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Copy database, large content and master key into a new folder; the hub may be running.

    Keep it as safe as the hub: the master key is in it, unless TRIGGERHUB_MASTER_KEY is set. On
    PostgreSQL, use pg_dump and copy the data folder.

    Examples:

        triggerhub backup /srv/backups/hub-$(date +%F)

        triggerhub backup ./before-update --data-dir /var/lib/triggerhub
    """
    settings = _quiet_settings(config, data_dir=data_dir)
    from triggerhub import backup as copies
    from triggerhub.domain.clock import SystemClock

    with _refusals(), _bar("Large content") as progress:
        copies.backup(settings, target, SystemClock().now(), progress)
    typer.echo(f"The backup is {target}")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="Folder of a backup.", show_default=False)],
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Bring a backup back into a data folder that has no database.

    Examples:

        triggerhub restore /srv/backups/hub-2026-01-05

        triggerhub restore ./before-update --data-dir /tmp/look-at-it
    """
    settings = _quiet_settings(config, data_dir=data_dir)
    from triggerhub import backup as copies

    with _refusals(), _bar("Large content") as progress:
        copies.restore(settings, source, progress)
    typer.echo(f"Restored into {settings.data_dir.absolute()}; `triggerhub doctor` looks at it.")


# --- what they share --------------------------------------------------------------------------


def _settings(config: Path | None, **flags: object) -> Settings:
    from config import SettingsError, load

    try:
        return load(config, flags)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_SETTINGS) from None


def _quiet_settings(config: Path | None, **flags: object) -> Settings:
    """For commands whose output is read: only warnings are logged, to standard error."""
    from triggerhub.observability import configure_logging

    settings = _settings(config, **flags)
    configure_logging(level="warning", form=settings.log_format)
    return settings


def _ready(settings: Settings) -> None:
    from storage import schema
    from storage.engine import Database
    from triggerhub.domain.errors import Invalid

    database = Database(settings.database)
    missing = database.path is not None and not database.path.exists()
    if missing or schema.current(database) != schema.newest():
        raise Invalid("the database isn't set up, or not up to date: run `triggerhub init`")


def _write(settings: Settings, work: Callable[[Transaction], T]) -> T:
    """One transaction, beside a running hub or without one."""
    from triggerhub.bootstrap import open_store

    async def run() -> T:
        store = open_store(settings)
        await store.start()
        try:
            return await store.write(work)
        finally:
            await store.stop()

    _ready(settings)
    return asyncio.run(run())


def _password() -> str:
    import secrets

    return secrets.token_urlsafe(12)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, if that is a terminal: called with (done, of all)."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


@contextmanager
def _refusals() -> Iterator[None]:
    """What the hub refuses on purpose, or the system, is one line and not a traceback."""
    from triggerhub.domain.errors import HubError

    try:
        yield
    except (HubError, OSError) as error:
        _stop(str(error))


def _stop(sentence: str) -> None:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def main() -> None:
    app()
