"""Commands about the process and the machine: serve, doctor."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from triggerhub.bootstrap.edge import Edge

from triggerhub.apart.spawn import spawn
from triggerhub.cli.terminal import Config, DataDir, quiet_settings, refusals, settings_of
from triggerhub.lean import load_structlog


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
    accepted is finished, consoles are told. A second one stops at once. The exit code is 0 when it
    was asked to stop, 3 when that was cut short, 2 for wrong settings, 1 for all else.

    With --demo there is a company in it with months of history, in a database of its own, and
    /demo is its customers' phone and mailbox; nothing leaves this machine.

    Examples:

        triggerhub serve --demo

        triggerhub serve --config /etc/triggerhub/hub.toml --host 0.0.0.0

        TRIGGERHUB_RELAY_URL=smtp://relay.company.example triggerhub serve --port 9000
    """
    settings = settings_of(
        config,
        data_dir=data_dir,
        http_host=host,
        http_port=port,
        smtp_host=smtp_host,
        smtp_port=smtp_port,
        log_level=log_level,
    )
    # Nothing of what is loaded is garbage; looking for it takes a tenth of the start.
    gc.disable()
    # It loads while this process does.
    core = spawn() if settings.processes == 2 else None
    load_structlog()
    from triggerhub.observability import configure_logging

    configure_logging(level=settings.log_level, form=settings.log_format)
    import uvloop

    if demo:
        from triggerhub.demo.stage import serve_demo as run
    else:
        from triggerhub.serving import serve as run
    gc.freeze()
    gc.enable()

    ready = False

    def on_ready(hub: Edge) -> None:
        nonlocal ready
        ready = True
        _welcome_demo(hub) if demo else _welcome(hub)

    try:
        with refusals():
            code = uvloop.run(run(settings, core=core, on_ready=on_ready))
    finally:
        if core is not None:
            core.end()
    if code and not ready:
        typer.echo("The hub did not start; `triggerhub doctor` says more.", err=True)
    raise typer.Exit(code)


def _welcome_demo(hub: Edge) -> None:
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


def _welcome(hub: Edge) -> None:
    typer.echo(f"Console and API  http://{_shown(hub.settings.http_host)}:{hub.http_port}")
    typer.echo(f"Mail             {_shown(hub.settings.smtp_host)}:{hub.smtp_port} (SMTP)")
    typer.echo("Ctrl-C drains and stops.")


def _shown(host: str) -> str:
    return "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host  # noqa: S104


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds for each question over the network.")
    ] = 3.0,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Look for what is wrong with this installation, and say how to mend it.

    Package names, permissions, disk, schema, master key, large content, backup tool, clock, Redis,
    ports, certificate, relay, SPF and DKIM of sending domains. Changes nothing. The exit code is 1
    if something is broken.

    Examples:

        triggerhub doctor

        triggerhub doctor --json | jq '.findings[] | select(.state != "good")'
    """
    settings = quiet_settings(config, data_dir=data_dir)
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
