"""The import rules hold, and each of them would notice its breaking.

Every violation is planted in a copy of the packages, where `lint-imports` must refuse it: a
rule that nothing can break guards nothing.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.arch.packages import PACKAGES, ROOT


@dataclass(frozen=True, slots=True)
class Violation:
    """One line of code in one new module, and the rule that it breaks."""

    module: str
    line: str
    rule: str


FLOORS = "Nothing imports upward, and the rooms on one floor don't know each other"
VOCABULARY = "Each module of triggerhub has its floor"
CHANNELS = "Channels don't know each other"
ROUTER = "Only bootstrap, and what stands above it, imports the router"
MINING = "Only bootstrap, and what stands above it, imports the mining center"
PURE = "Domain, router and mining import no web, mail, vendor, Redis or SQL library"
HOMES = "Each vendor's SDK has one home, and so have SQL and Redis"

VIOLATIONS = [
    # Upward.
    Violation("triggerhub.domain.planted", "import triggerhub.bootstrap", FLOORS),
    Violation("triggerhub.domain.planted", "import triggerhub.bootstrap", VOCABULARY),
    Violation("triggerhub.domain.planted", "import storage", FLOORS),
    Violation("triggerhub.domain.planted", "import channels", FLOORS),
    Violation("triggerhub.domain.planted", "import agent_console", FLOORS),
    Violation("config.planted", "import triggerhub.domain", FLOORS),
    Violation("storage.planted", "import triggerhub.bootstrap", FLOORS),
    Violation("channels.planted", "import triggerhub.lifecycle", FLOORS),
    Violation("agent_console.planted", "import triggerhub.cli", FLOORS),
    Violation("router.planted", "import triggerhub.bootstrap", FLOORS),
    Violation("triggerhub.bootstrap.planted", "import triggerhub.cli", FLOORS),
    # A module without a place.
    Violation("triggerhub.planted", "import triggerhub.domain", VOCABULARY),
    # Rooms on one floor.
    Violation("agent_console.planted", "import storage", FLOORS),
    Violation("agent_console.planted", "import channels", FLOORS),
    Violation("storage.planted", "import channels", FLOORS),
    Violation("storage.planted", "import agent_console", FLOORS),
    Violation("channels.planted", "import storage", FLOORS),
    Violation("channels.planted", "import agent_console", FLOORS),
    Violation("channels.planted_one.parse", "import channels.sms", CHANNELS),
    Violation("channels.sms.planted", "import channels.planted_one", CHANNELS),
    # The router and the mining center.
    *(
        Violation(f"{room}.planted", f"import {forbidden}", rule)
        for room in ("triggerhub.domain", "channels", "storage", "agent_console", "config")
        for forbidden, rule in (("router", ROUTER), ("mining", MINING))
    ),
    Violation("router.planted", "import mining", MINING),
    Violation("mining.planted", "import router", ROUTER),
    # Inside a function an import counts too.
    Violation("storage.planted", "def later() -> None:\n    import router", ROUTER),
    # Libraries.
    *(
        Violation(f"{room}.planted", f"import {library}", PURE)
        for room in ("triggerhub.domain", "router", "mining")
        for library in ("aiohttp", "aiosmtplib", "email.message", "twilio", "redis", "sqlalchemy")
    ),
    Violation("channels.planted_one", "import twilio.rest", HOMES),
    Violation("channels.sms.planted", "import telegram", HOMES),
    Violation("channels.sms.planted", "import sqlalchemy", HOMES),
    Violation("agent_console.planted", "import redis.asyncio", HOMES),
    Violation("triggerhub.bootstrap.planted", "import sqlite3", HOMES),
    Violation("storage.planted", "import twilio", HOMES),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """`lint-imports` over the packages in a folder."""
    return subprocess.run(
        [
            sys.executable,
            *("-c", "from importlinter.cli import lint_imports_command as run; run()"),
            *("--no-logo", "--config", str(ROOT / "pyproject.toml")),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of our packages' Python, seen to be clean; its cache speeds up the copies of it."""
    copy = tmp_path_factory.mktemp("pristine")
    for package in PACKAGES:
        for source in (ROOT / package).rglob("*.py"):
            if "node_modules" in source.parts:
                continue
            target = copy / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr
    return copy


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda v: f"{v.module}: {v.line}")
def test_a_planted_violation_is_refused(
    violation: Violation, pristine: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "planted"
    shutil.copytree(pristine, copy)
    plant(copy, violation.module, violation.line)
    result = lint(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{violation.rule} BROKEN" in " ".join(result.stdout.split())
    assert violation.module in result.stdout


def plant(copy: Path, module: str, line: str) -> None:
    """Write the module, and whatever the line imports that isn't there."""
    write(copy, module, line)
    imported = line.rsplit("import ", maxsplit=1)[-1]
    if imported.split(".")[0] in PACKAGES:
        write(copy, imported, "")


def write(copy: Path, module: str, line: str) -> None:
    """Add a line to a module, making it and the packages above it where they are missing.

    A module of today that has to hold another becomes a package.
    """
    folder = copy
    *parents, name = module.split(".")
    for parent in parents:
        was, folder = folder / f"{parent}.py", folder / parent
        folder.mkdir(exist_ok=True)
        if was.exists():
            was.rename(folder / "__init__.py")
        (folder / "__init__.py").touch()
    is_package = (folder / name).is_dir()
    file = folder / name / "__init__.py" if is_package else folder / f"{name}.py"
    with file.open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
