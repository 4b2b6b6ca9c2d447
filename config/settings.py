"""The process settings: their names, defaults and forms. docs/settings.md is made from them."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from config.seed import Seed

PREFIX = "TRIGGERHUB_"
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z")


def _url(value: str, *schemes: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in schemes:
        raise ValueError(f"its scheme is not {' or '.join(schemes)}")
    if not parts.hostname and parts.scheme != "unix":
        raise ValueError("it names no host")
    _ = parts.port  # raises ValueError where it is no port


def _web(value: str) -> str:
    _url(value, "http", "https")
    parts = urlsplit(value)
    if parts.query or parts.fragment or parts.username:
        raise ValueError("it has a user, a query or a fragment")
    return value.rstrip("/")


def _database(value: SecretStr) -> SecretStr:
    scheme, _, rest = value.get_secret_value().partition("://")
    if scheme.partition("+")[0] == "sqlite" and not rest.strip("/"):
        raise ValueError("a SQLite database needs a file")
    if scheme.partition("+")[0] not in ("sqlite", "postgresql"):
        raise ValueError("its scheme is not sqlite or postgresql")
    return value


def _redis(value: SecretStr) -> SecretStr:
    _url(value.get_secret_value(), "redis", "rediss", "unix")
    return value


def _relay(value: SecretStr) -> SecretStr:
    _url(value.get_secret_value(), "smtp", "smtps", "smtp+starttls")
    return value


def _key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 16:
        raise ValueError("it is too short")
    return value


def _host(value: str) -> str:
    if not _HOST.match(value):
        raise ValueError("it is not a host name")
    return value


def _listed(value: object) -> object:
    """Environment variables hold lists as text, separated by commas."""
    return [v.strip() for v in value.split(",") if v.strip()] if isinstance(value, str) else value


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(ip_network(value)) for value in values)


WebUrl = Annotated[str, AfterValidator(_web)]
Port = Annotated[int, Field(ge=0, le=65535)]
Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_networks)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class Keys(BaseSettings):
    """The settings that environment and file may give, by the names that they have in a file."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=False,
    )

    config: Annotated[
        Path | None,
        Field(
            description="A TOML file with any of these settings (lower case, without the prefix) "
            "and the seed. Only in the environment or as `--config`.",
            json_schema_extra={"right": "the path of a readable TOML file"},
        ),
    ] = None
    data_dir: Annotated[
        Path,
        Field(
            description="Folder of the database, large content, master key and backups. Several "
            "nodes share it, or at least its `content`, where what is above 64 KiB lies.",
            json_schema_extra={"right": "a folder that the hub may write, such as ./data"},
        ),
    ] = Path("data")
    database_url: Annotated[
        SecretStr | None,
        AfterValidator(lambda v: v and _database(v)),
        Field(
            description="Where the log is. Unset: SQLite, `hub.sqlite3` in the data folder.",
            json_schema_extra={
                "right": "sqlite:////path/hub.sqlite3 or postgresql://user:password@host/name"
            },
        ),
    ] = None
    redis_url: Annotated[
        SecretStr | None,
        AfterValidator(lambda v: v and _redis(v)),
        Field(
            description="Redis or Valkey, for several nodes, which share `DATA_DIR` and"
            " `MASTER_KEY` too. Unset: in memory, one node.",
            json_schema_extra={"right": "redis://host:6379/0"},
        ),
    ] = None
    http_host: Annotated[
        str,
        AfterValidator(_host),
        Field(
            description="Address that HTTP listens on; `0.0.0.0` for all.",
            json_schema_extra={"right": "an address of this machine, such as 127.0.0.1"},
        ),
    ] = "127.0.0.1"
    http_port: Annotated[
        Port,
        Field(
            description="Port of console, API and webhooks; 0 lets the system choose.",
            json_schema_extra={"right": "a number from 0 to 65535, such as 8080"},
        ),
    ] = 8080
    smtp_host: Annotated[
        str,
        AfterValidator(_host),
        Field(
            description="Address that SMTP listens on; `0.0.0.0` for all.",
            json_schema_extra={"right": "an address of this machine, such as 127.0.0.1"},
        ),
    ] = "127.0.0.1"
    smtp_port: Annotated[
        Port,
        Field(
            description="Port that takes mail in; 0 lets the system choose.",
            json_schema_extra={"right": "a number from 0 to 65535, such as 8025"},
        ),
    ] = 8025
    smtp_hostname: Annotated[
        str | None,
        AfterValidator(lambda v: v and _host(v)),
        Field(
            description="The name that SMTP greets with. Unset: the host of the public URL.",
            json_schema_extra={"right": "a host name, such as mail.company.example"},
        ),
    ] = None
    tls_certificate: Annotated[
        Path | None,
        Field(
            description="Certificate chain (PEM); with the key it turns STARTTLS on."
            " Renewed files are noticed.",
            json_schema_extra={"right": "the path of a PEM file, together with tls_key"},
        ),
    ] = None
    tls_key: Annotated[
        Path | None,
        Field(
            description="Private key of the certificate (PEM), readable by the hub alone.",
            json_schema_extra={"right": "the path of a PEM file, together with tls_certificate"},
        ),
    ] = None
    public_url: Annotated[
        WebUrl | None,
        Field(
            description="How the hub is reached from outside: webhooks are signed with it. "
            "Unset: `http://localhost` and the HTTP port.",
            json_schema_extra={"right": "a URL without query, such as https://hub.company.example"},
        ),
    ] = None
    trusted_proxies: Annotated[
        Networks,
        Field(
            description="Networks of reverse proxies whose `X-Forwarded-For` is believed.",
            json_schema_extra={"right": "networks, such as 10.0.0.0/8, 127.0.0.1"},
        ),
    ] = ()
    trusted_peers: Annotated[
        Networks,
        Field(
            description="Networks of mail servers whose senders count as proven; where "
            "`TRIGGERHUB_TRUSTED_AUTHSERV` is set, those for whom they vouch.",
            json_schema_extra={"right": "networks, such as 10.0.0.0/8, 127.0.0.1"},
        ),
    ] = ()
    trusted_authserv: Annotated[
        Words,
        Field(
            description="Names under which our own mail servers write `Authentication-Results` "
            "(RFC 8601) that are believed, when one of the trusted peers hands the mail over.",
            json_schema_extra={"right": "authserv-ids, such as mx.company.example"},
        ),
    ] = ()
    master_key: Annotated[
        SecretStr | None,
        AfterValidator(lambda v: v and _key(v)),
        Field(
            description="Seals secrets and keys hashes. Unset: `master.key` in the data folder, "
            "made at the first start. Without it, backups can't be read in full; nodes with "
            "different ones would take one delivery for two.",
            json_schema_extra={"right": "at least 16 characters of secret, the same for ever"},
        ),
    ] = None
    relay_url: Annotated[
        SecretStr | None,
        AfterValidator(lambda v: v and _relay(v)),
        Field(
            description="The mail server that takes our mail; `smtps` is TLS from the start, "
            "`smtp+starttls` asks for it, as `smtp` does where there is a password. "
            "Unset: no mail goes out.",
            json_schema_extra={"right": "smtp://user:password@relay.company.example:587"},
        ),
    ] = None
    twilio_api_url: Annotated[
        WebUrl,
        Field(
            description="Base of Twilio's API; another one for tests.",
            json_schema_extra={"right": "a URL, such as https://api.twilio.com"},
        ),
    ] = "https://api.twilio.com"
    telegram_api_url: Annotated[
        WebUrl,
        Field(
            description="Base of Telegram's bot API; another one for tests.",
            json_schema_extra={"right": "a URL, such as https://api.telegram.org"},
        ),
    ] = "https://api.telegram.org"
    processes: Annotated[
        int,
        Field(
            ge=1,
            le=2,
            description="2: what speaks with the outside, and what writes and routes, each have a"
            " process; 1: both share one, for a machine with one core or little memory.",
            json_schema_extra={"right": "1 or 2"},
        ),
    ] = 2
    drain_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=600,
            description="How long a stopping hub may take to finish what it has accepted.",
            json_schema_extra={"right": "a number of seconds from 0 to 600"},
        ),
    ] = 20
    update_without_backup: Annotated[
        bool,
        Field(
            description="`true`: the database isn't copied before its schema is updated. Else a"
            " SQLite file is, and PostgreSQL by `pg_dump` where that is there, into `backups` in"
            " the data folder.",
            json_schema_extra={"right": "true or false"},
        ),
    ] = False
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(
            description="The least that is logged. `debug` shows addresses of customers.",
            json_schema_extra={"right": "debug, info, warning or error"},
        ),
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console"],
        Field(
            description="`auto`: for reading on a terminal, else JSON lines.",
            json_schema_extra={"right": "auto, json or console"},
        ),
    ] = "auto"


class Settings(Keys):
    """Everything a process starts from. Made by `load`, or in tests from values alone.

    Constructing one reads neither environment nor file.
    """

    seed: Seed = Seed()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    @property
    def database(self) -> str:
        """The database's URL, password included."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'hub.sqlite3'}"

    @property
    def base_url(self) -> str:
        """The public URL without a closing slash."""
        return self.public_url or f"http://localhost:{self.http_port}"

    @property
    def mail_name(self) -> str:
        """The host name that we greet with in SMTP."""
        return self.smtp_hostname or urlsplit(self.base_url).hostname or "localhost"
