"""`.ci/run` says when what it judges isn't what is committed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.arch.packages import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A place for it to run in, with a `make` that does nothing."""
    place, tools = tmp_path / "checkout", tmp_path / "tools"
    (place / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", place / ".ci" / "run")
    tools.mkdir()
    (tools / "make").write_text("#!/bin/sh\necho make $1\n")
    (tools / "make").chmod(0o755)
    return place


def _git(place: Path, *words: str) -> None:
    who = ("-c", "user.name=x", "-c", "user.email=x@x.example")
    subprocess.run(["git", *who, *words], cwd=place, check=True, capture_output=True)


def _run(place: Path) -> tuple[str, str]:
    path = f"{place.parent / 'tools'}{os.pathsep}{os.environ['PATH']}"
    around = {**os.environ, "PATH": path, "GIT_CEILING_DIRECTORIES": str(place.parent)}
    done = subprocess.run(
        [place / ".ci" / "run"], env=around, capture_output=True, text=True, check=True
    )
    return done.stdout, done.stderr


def test_without_a_repository_nothing_is_said(checkout: Path) -> None:
    assert _run(checkout) == ("make check\nmake test\n", "")


def test_what_is_not_committed_is_said_first_and_last(checkout: Path) -> None:
    _git(checkout, "init", "--quiet")
    _git(checkout, "add", ".")
    _git(checkout, "commit", "--quiet", "--message", "All")
    assert _run(checkout) == ("make check\nmake test\n", "")
    (checkout / "forgotten.py").touch()
    said = _run(checkout)[1]
    assert said.count("no clean checkout") == 2
    assert "?? forgotten.py" in said
