"""One hub for a SQLite file; anything else may run beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from triggerhub.domain.errors import Conflict
from triggerhub.serving import serve
from triggerhub.sole import sole_hub

HOLDS = "import sys; from pathlib import Path; from triggerhub.sole import sole_hub\n"
HOLDS += "with sole_hub(Path(sys.argv[1])): print('in', flush=True); sys.stdin.read()"


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_second_hub_is_refused_before_it_touches_anything(
    tmp_path: Path, processes: int
) -> None:
    settings = Settings(data_dir=tmp_path, http_port=0, smtp_port=0, processes=processes)
    database = tmp_path / "hub.sqlite3"
    with sole_hub(database), pytest.raises(Conflict) as refused:
        await serve(settings)
    assert not database.exists()
    assert refused.value.code == "already_served"
    assert "\n" not in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_the_place_is_free_again_however_the_first_one_ended(tmp_path: Path) -> None:
    database = tmp_path / "hub.sqlite3"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert first.stdout is not None
    assert first.stdout.readline() == b"in\n"
    with pytest.raises(Conflict), sole_hub(database):
        pass
    first.kill()
    first.communicate(timeout=20)
    with sole_hub(database):
        pass
    with sole_hub(database):
        pass


def test_many_may_serve_postgresql() -> None:
    with sole_hub(None), sole_hub(None):
        pass
