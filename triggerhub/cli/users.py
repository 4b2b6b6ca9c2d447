"""Commands about people who sign in: add, list, rename, lock out, let in, password, capacity.

What the seed file says is made so again at the next start; a command that says otherwise tells so.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from config.seed import UserSeed
    from config.settings import Settings

Login = Annotated[str, typer.Argument(help="What they sign in with.")]
Pieces = Annotated[
    int | None, typer.Option(min=0, max=100, help="Pieces at a time.", show_default=False)
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


def user_add(
    login: Login,
    name: Annotated[str, typer.Option(help="What colleagues and customers see.")],
    role: Annotated[str, typer.Option(help="agent, supervisor or admin.")] = "agent",
    queue: Annotated[
        list[str] | None, typer.Option(help="A queue they serve, by name; may be repeated.")
    ] = None,
    language: Annotated[str, typer.Option(help="en or zh-CN.")] = "en",
    password_stdin: PasswordStdin = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Add a person. Without --password-stdin a password is made and shown on the last line.

    Examples:

        triggerhub user add ann --name "Ann Example" --queue Support --queue Billing

        triggerhub user add wei --name "伟 Example" --role supervisor --language zh-CN

        pass show hub/ann | triggerhub user add ann --name Ann --password-stdin
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    password = _password_from_stdin() if password_stdin else new_password()
    spec = administration.UserSpec(
        login=login,
        name=name,
        role=role,
        language=language,
        queues=tuple(queue or ()),
        password_hash=administration.hash_password(password),
    )
    with refusals():
        write(settings, lambda tx: administration.add_user(tx, spec))
    typer.echo(f"{name} can sign in as {login!r}.")
    if not password_stdin:
        typer.echo(password)


def user_list(config: Config = None, data_dir: DataDir = None) -> None:
    """List the people, those who are locked out too: one JSON line each, by login.

    Examples:

        triggerhub user list

        triggerhub user list | jq -r "select(.disabled) | .login"
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    with refusals():
        show(read(settings, administration.list_users))


def user_disable(login: Login, config: Config = None, data_dir: DataDir = None) -> None:
    """Lock a person out: sessions and consoles end at once, and nobody signs in with that login.

    What they have in hand goes back to its queue with its age; parked work when its customer
    writes or its time comes. Nothing that they wrote is lost, and `user enable` lets them in again.

    Examples:

        triggerhub user disable ann
    """
    _let_in(login, config, data_dir, disabled=True)


def user_enable(login: Login, config: Config = None, data_dir: DataDir = None) -> None:
    """Let a person in again who was locked out, with the password that they had.

    Examples:

        triggerhub user enable ann
    """
    _let_in(login, config, data_dir, disabled=False)


def user_password(
    login: Login,
    password_stdin: PasswordStdin = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Give a person a new password; sessions and consoles of the old one end at once.

    Without --password-stdin it is made, and shown alone on the last line.

    Examples:

        triggerhub user password ann

        pass show hub/ann | triggerhub user password ann --password-stdin
    """
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    password = _password_from_stdin() if password_stdin else new_password()
    hashed = administration.hash_password(password)
    with refusals():
        user = write(settings, lambda tx: administration.set_password(tx, login, hashed))
    if _declared(settings, login) is not None:
        _warn("The seed file declares a password for", login, "")
    elif user.managed_by == "file":
        _warn("A seed file declared a password for", login, " if it still does")
    typer.echo(f"{user.login!r} has a new password.")
    if not password_stdin:
        typer.echo(password)


def user_capacity(
    login: Login,
    email: Pieces = None,
    sms: Pieces = None,
    whatsapp: Pieces = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Set how many pieces of work a person has at a time, by channel; 0: none is offered to them.

    It holds for what is offered from now on; other channels stay as they are, 1 to begin with.

    Examples:

        triggerhub user capacity ann --sms 3 --whatsapp 3

        triggerhub user capacity ann --email 0
    """
    given = {"email": email, "sms": sms, "whatsapp": whatsapp}
    wanted = {channel: pieces for channel, pieces in given.items() if pieces is not None}
    if not wanted:
        stop("Say for which channel: --email, --sms, --whatsapp.")
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    with refusals():
        user = write(settings, lambda tx: administration.set_capacity(tx, login, wanted))
    seed = _declared(settings, login)
    if seed is not None and seed.capacity is not None:
        _warn("The seed file declares a capacity for", login, "")
    elif seed is None and user.managed_by == "file":
        _warn("A seed file declared", login, " if it says a capacity")
    pieces = ", ".join(f"{channel} {user.capacity.get(channel, 1)}" for channel in given)
    typer.echo(f"{user.login!r} has at a time: {pieces}.")


def user_rename(
    login: Login,
    new: Annotated[str | None, typer.Option("--login", help="What they sign in with then.")] = None,
    name: Annotated[str | None, typer.Option(help="What colleagues and customers see.")] = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Give a person another login, another name, or both. Who is signed in stays so.

    What they said and did stays theirs. Refused while the seed file declares the old login, as far
    as `--config` or TRIGGERHUB_CONFIG names that file: write the new one there first.

    Examples:

        triggerhub user rename ann --login anna

        triggerhub user rename wei --name "伟 Example" --login wei.example
    """
    if new is None and name is None:
        stop("Say what is new: --login, --name.")
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    seed = _declared(settings, login)
    if seed is not None and new is not None and new.lower() != login.lower():
        stop(f"The seed file declares the login {login!r}: write {new!r} there first.")

    with refusals():
        user = write(settings, lambda tx: administration.rename_user(tx, login, new=new, name=name))
    if seed is not None and name is not None and seed.name != name:
        _warn(f"The seed file declares the name {seed.name!r} for", login, "")
    elif seed is None and _declared(settings, new or login) is None and user.managed_by == "file":
        _warn("A seed file declared", login, " if it still does")
    typer.echo(f"{login!r} is now {user.login!r}, {user.name}.")


def _let_in(login: str, config: Config, data_dir: DataDir, *, disabled: bool) -> None:
    settings = quiet_settings(config, data_dir=data_dir)
    from triggerhub import administration

    with refusals():
        user = write(settings, lambda tx: administration.set_disabled(tx, login, disabled=disabled))
    seed = _declared(settings, login)
    if seed is not None and seed.disabled is not None and seed.disabled != disabled:
        said = f"disabled = {str(seed.disabled).lower()}"
        _warn(f"The seed file declares `{said}` for", login, "")
    already = " already" if user.disabled == disabled else ""
    if disabled:
        typer.echo(f"{user.login!r} is locked out{already}.")
    else:
        typer.echo(f"{user.login!r} can sign in{already}.")


def _warn(what: str, login: str, condition: str) -> None:
    typer.echo(
        f"{what} {login!r}, which holds again from the next start on{condition}: change it there"
        " too.",
        err=True,
    )


def _declared(settings: Settings, login: str) -> UserSeed | None:
    """What the seed file of this command's settings says of them, if it names them."""
    users = settings.seed.users
    return next((user for user in users if user.login.lower() == login.lower()), None)


def _password_from_stdin() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        stop("The password on standard input is empty.")
    return password


def new_password() -> str:
    import secrets

    return secrets.token_urlsafe(12)
