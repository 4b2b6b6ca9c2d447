"""`pip install .` gives the whole product: code, console and terms, and nothing beside them."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.arch.packages import PACKAGES, ROOT

# Not part of the sources, or changing while other tests run.
NOT_COPIED = shutil.ignore_patterns(
    *(".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"),
    *("__pycache__", "node_modules", "static", "data", "test-results", "tests", "docs"),
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """The wheel of a copy of the sources, built as pip builds it."""
    copy = tmp_path_factory.mktemp("sources") / "hub"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    # The locked packages that the checks installed: this test is about packing, not fetching.
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    out = tmp_path_factory.mktemp("wheels")
    built = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps"),
            *("--no-build-isolation", "--no-index", "--wheel-dir", str(out), "."),
        ],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    # pip builds while it asks for the metadata, and then takes that wheel.
    assert built.stderr.count("> vite build") == 1, built.stderr
    (file,) = out.glob("triggerhub-*.whl")
    return ZipFile(file)


def test_it_carries_the_console(wheel: ZipFile) -> None:
    names = wheel.namelist()
    page = wheel.read("agent_console/static/index.html").decode()
    scripts = [n for n in names if n.startswith("agent_console/static/") and n.endswith(".js")]
    assert scripts
    assert any(Path(script).name in page for script in scripts)


def test_it_carries_every_module(wheel: ZipFile) -> None:
    sources = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
    }
    assert sources <= set(wheel.namelist())


def test_it_carries_nothing_else(wheel: ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    (about,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops - {about} == set(PACKAGES)
    assert not [name for name in wheel.namelist() if "/web/" in name or "node_modules" in name]
    assert f"{about}/licenses/LICENSE" in wheel.namelist()


def test_it_brings_the_command(wheel: ZipFile) -> None:
    (entry,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "triggerhub = triggerhub.cli:main" in wheel.read(entry).decode()
