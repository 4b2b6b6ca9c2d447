"""Nothing runs at import, and vendors' SDKs wait until they are used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.arch.packages import PACKAGES, ROOT

# Run in a process of its own: what other tests imported must not hide anything.
PROBE = """
import json, os, socket, sqlite3, subprocess, sys, threading

ran = []
sys.addaudithook(
    lambda event, _: ran.append(event) if event in WATCHED else None
)
WATCHED = {
    "socket.bind", "socket.connect", "sqlite3.connect", "subprocess.Popen", "os.system",
    "os.fork", "os.mkdir", "os.remove",
}
for name in sys.argv[1:]:
    __import__(name)
print(json.dumps({
    "ran": ran,
    "threads": threading.active_count(),
    "loaded": sorted({"twilio", "telegram", "alembic"} & set(sys.modules)),
}))
"""


def module_names() -> list[str]:
    """Every module of ours but the migrations, which Alembic loads by itself."""
    names = []
    for package in PACKAGES:
        for source in sorted((ROOT / package).rglob("*.py")):
            path = source.relative_to(ROOT)
            if not {"node_modules", "migrations", "__main__.py"} & set(path.parts):
                names.append(dotted(path))
    return names


def dotted(path: Path) -> str:
    """`a/b/__init__.py` is `a.b`."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.thorough
def test_importing_everything_does_nothing() -> None:
    probe = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", PROBE, *module_names()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert probe.returncode == 0, probe.stderr
    assert json.loads(probe.stdout) == {"ran": [], "threads": 1, "loaded": []}
