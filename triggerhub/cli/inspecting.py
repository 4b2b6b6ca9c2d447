"""The command that looks at raw messages. It knows no settings and no database."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer


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
    from triggerhub.cli.terminal import stop

    try:
        inspect_files(files, sys.stdout.buffer)
    except BrokenPipeError:
        # Nobody reads any more; keep the interpreter from writing again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # of the files it is told in their lines
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        stop(f"the output can't be written: {error}")
