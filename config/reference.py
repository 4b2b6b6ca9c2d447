"""docs/settings.md, made from the models. `python -m config.reference` writes it to stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from config.seed import EmailAccountSeed, HubSeed, QueueSeed, SmsAccountSeed, UserSeed
from config.settings import PREFIX, Keys

_INTRO = """\
# Settings

Two homes and no third. What a process needs before it can open its database stands here; everything
else (channel accounts, queues, users) is data: versioned events, the same on every node. For now
the seed below and the command line (`triggerhub user`, `token`, `account`, `queue`) are the ways to
change it; pages of the console come with the administration work. What the seed declares is made so
at every start, shows as "managed by file", and is known again: a queue by its name, a user by the
login, an account by its name or else by one of its addresses, if the account that has it isn't
declared under its own name. So an account can be renamed, and addresses can move between accounts,
in one start. What the file no longer names stays as it is, until a command removes it.

Defaults < file < environment < command line. An empty environment variable counts as unset. Lists
are written as `["a", "b"]` in the file and as `a,b` in the environment. Relative paths start at the
working directory. Whatever is wrong is said at once, with its place and what would be right; a
setting that doesn't exist is wrong too. `triggerhub doctor` looks at the rest.

## Process settings

The same names in lower case and without the prefix are the file's keys; they stand above its first
section.
"""
_SEED = """
## The seed

Sections of the file, for a hub that is set up by it. An account's work goes to the queue that
`queue` names.

```toml
public_url = "https://hub.company.example"
relay_url = "smtp://hub:password@relay.company.example:587"

[hub]
name = "Company"
timezone = "Europe/Berlin"
default_region = "DE"

[[queues]]
name = "Support"

[[email.accounts]]
name = "Support mailbox"
addresses = ["support@company.example"]
queue = "Support"

[[sms.accounts]]
name = "Support number"
numbers = ["+12025550100"]
account_sid = "AC00000000000000000000000000000000"
auth_token = "..."
queue = "Support"

[[users]]
login = "ann"
name = "Ann Example"
role = "agent"
password = "..."
queues = ["Support"]
language = "en"
capacity = { email = 3 }
```
"""
_SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[hub]", HubSeed),
    ("[[queues]]", QueueSeed),
    ("[[email.accounts]]", EmailAccountSeed),
    ("[[sms.accounts]]", SmsAccountSeed),
    ("[[users]]", UserSeed),
)


def settings_markdown() -> str:
    """The whole page."""
    lines = [_INTRO, "| variable | default | what it is | for example |", "|---|---|---|---|"]
    for key, info in Keys.model_fields.items():
        lines.append(
            f"| `{PREFIX}{key.upper()}` | {_default(info)} | {info.description} | {_right(info)} |"
        )
    lines += [_SEED, "| section | key | default | right is |", "|---|---|---|---|"]
    for section, model in _SECTIONS:
        lines.extend(_rows(section, model))
    return "\n".join(lines) + "\n"


def _rows(section: str, model: type[BaseModel]) -> Iterator[str]:
    for key, info in model.model_fields.items():
        default = "must be given" if info.is_required() else _default(info)
        yield f"| `{section}` | `{key}` | {default} | {_right(info)} |"


def _default(info: FieldInfo) -> str:
    value: Any = info.get_default()
    if value is None or value in ((), ""):
        return ""
    assert not isinstance(value, SecretStr)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`"


def _right(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    return str(extra.get("right", "")) if isinstance(extra, dict) else ""


if __name__ == "__main__":
    sys.stdout.write(settings_markdown())
