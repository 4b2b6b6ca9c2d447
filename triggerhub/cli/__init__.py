"""The commands of a terminal. Owns words, options and exit codes; imports what it calls lazily."""

from __future__ import annotations

import typer

from triggerhub.cli import data, inspecting, matching, people, running

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

app.command()(running.serve)
app.command()(people.init)
user_app.command("add")(people.user_add)
token_app.command("create")(people.token_create)
token_app.command("list")(people.token_list)
token_app.command("revoke")(people.token_revoke)
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
