"""The served hub as a process of its own: started, killed, stopped and started again.

Owns its configuration file, its ports and its end. Must not know what is done with it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from argon2 import PasswordHasher

from tests.services.process import free_port, wrapper
from triggerhub.demo.carrier_rules import CarrierAccount

PASSWORD = "right words"
ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "12345678901234567890123456789012"
NUMBER = "+12025550100"
MAILBOX = "support@company.example"
# Not the strength that counts here: signing in is not what these tests are about.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
READY = b"Ctrl-C drains"
CORE = "triggerhub.apart.core_process"
READY_WITHIN = 30.0  # seconds; a busy machine starts it slowly
STOP_WITHIN = 30.0


def _command(process: psutil.Process) -> list[str]:
    try:
        found: list[str] = process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []
    return found


def seed(agents: Mapping[str, str], *, offer_seconds: int = 600) -> str:
    """The seed of a company with one queue. `agents`: role by login."""
    text = f"""
[hub]
name = "Company"

[[queues]]
name = "Support"
offer_seconds = {offer_seconds}

[[email.accounts]]
name = "Support mail"
addresses = ["{MAILBOX}"]
queue = "Support"

[[sms.accounts]]
name = "Support number"
numbers = ["{NUMBER}"]
account_sid = "{ACCOUNT_SID}"
auth_token = "{AUTH_TOKEN}"
queue = "Support"
"""
    for login, role in agents.items():
        text += f"""
[[users]]
login = "{login}"
name = "{login.title()}"
role = "{role}"
password_hash = "{HASH}"
queues = ["Support"]
"""
    return text


@dataclass(slots=True, kw_only=True)
class HubProcess:
    """`folder`: where its data, its configuration and its log are. `settings`: TOML values."""

    folder: Path
    seed: str
    settings: Mapping[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    http_port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    starts: int = 0
    process: asyncio.subprocess.Process | None = None
    _ready: asyncio.Task[bool] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def public_url(self) -> str:
        return self.settings.get("public_url", self.base)

    @property
    def database_url(self) -> str:
        return self.settings.get("database_url", f"sqlite:///{self.folder / 'hub.sqlite3'}")

    @property
    def log(self) -> Path:
        return self.folder / "hub.log"

    def carrier_account(self) -> CarrierAccount:
        """The carrier's side of the seeded number."""
        return CarrierAccount(
            sid=ACCOUNT_SID,
            auth_token=AUTH_TOKEN,
            numbers=(NUMBER,),
            sms_url=f"{self.public_url}/hooks/twilio/sms",
        )

    def write_configuration(self) -> Path:
        values = {
            "data_dir": str(self.folder),
            "public_url": self.base,
            "log_format": "json",
            **self.settings,
        }
        lines = [f'{key} = "{value}"' for key, value in values.items()]
        lines += [f"http_port = {self.http_port}", f"smtp_port = {self.smtp_port}"]
        lines += ['trusted_peers = ["127.0.0.1/32"]', self.seed]
        path = self.folder / "hub.toml"
        path.write_text("\n".join(lines))
        return path

    async def start(self) -> None:
        """Spawn it; `ready` says when its doors are open."""
        assert self.process is None or self.process.returncode is not None
        configuration = self.write_configuration()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TRIGGERHUB_")}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *wrapper(unprivileged=False),
                *self.prefix,
                str(Path(sys.executable).with_name("triggerhub")),
                "serve",
                "--config",
                str(configuration),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=environment,
            )
        self.starts += 1
        assert self.process.stdout is not None
        self._ready = asyncio.create_task(self._read(self.process.stdout))

    async def _read(self, stdout: asyncio.StreamReader) -> bool:
        """True at the line that says it is ready, False where it ended before."""
        async for line in stdout:
            if line.startswith(READY):
                return True
        return False

    async def ready(self) -> bool:
        """Wait for its doors; False where it ended first."""
        assert self._ready is not None
        async with asyncio.timeout(READY_WITHIN):
            return await asyncio.shield(self._ready)

    async def open(self) -> None:
        """Start it and wait for its doors; fails with its log."""
        await self.start()
        assert await self.ready(), f"the hub did not start:\n{self.tail()}"

    def kill(self, *, core: bool = False) -> None:
        """SIGKILL, from one instruction to the next; `core`: to its second process, if it has one
        by now."""
        assert self.process is not None
        if self.process.returncode is None:
            pid = self.core_pid() if core else None
            if pid is None:
                self.process.kill()
            else:
                os.kill(pid, signal.SIGKILL)

    def core_pid(self) -> int | None:
        """The process that writes and routes; None before it is there, and after."""
        assert self.process is not None
        try:
            children = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return None
        return next((c.pid for c in children if CORE in _command(c)), None)

    async def gone(self) -> int:
        """Wait for its end; the exit code."""
        assert self.process is not None
        assert self._ready is not None
        async with asyncio.timeout(STOP_WITHIN):
            code = await self.process.wait()
            await self._ready
        return code

    async def stop(self) -> int:
        """SIGTERM, and wait for the drain; the exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.gone()

    async def end(self) -> None:
        """However it stands: it is gone afterwards."""
        if self.process is not None:
            self.kill()
            await self.gone()

    def tail(self, lines: int = 40) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def tracebacks(self) -> list[str]:
        """Lines of its log that hold a fault nobody foresaw."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return [line for line in text.splitlines() if "Traceback" in line]
