"""The commands of a terminal. Owns words, options and exit codes; imports what it calls lazily."""

from __future__ import annotations

import typer

from triggerhub.cli import company, data, inspecting, matching, people, running, users

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
account_app = typer.Typer(help="Mailboxes and numbers of the company.", no_args_is_help=True)
queue_app = typer.Typer(help="Where work waits.", no_args_is_help=True)
app.add_typer(user_app, name="user")
app.add_typer(token_app, name="token")
app.add_typer(account_app, name="account")
app.add_typer(queue_app, name="queue")

app.command()(running.serve)
app.command()(people.init)
user_app.command("add")(users.user_add)
user_app.command("list")(users.user_list)
user_app.command("rename")(users.user_rename)
user_app.command("capacity")(users.user_capacity)
user_app.command("disable")(users.user_disable)
user_app.command("enable")(users.user_enable)
user_app.command("password")(users.user_password)
token_app.command("create")(people.token_create)
token_app.command("list")(people.token_list)
token_app.command("revoke")(people.token_revoke)
account_app.command("list")(company.account_list)
account_app.command("remove")(company.account_remove)
queue_app.command("list")(company.queue_list)
queue_app.command("rename")(company.queue_rename)
queue_app.command("remove")(company.queue_remove)
app.command()(inspecting.inspect)
app.command()(matching.match)
app.command()(data.customers)
app.command()(data.erase)
app.command()(running.doctor)
app.command()(data.rebuild)
app.command()(data.replay)
app.command()(data.backup)
app.command()(data.restore)


def main() -> None:
    app()
