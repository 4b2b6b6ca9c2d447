"""The benchmark runs, and its loaded past is what folding the log again would give."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import company
from bench.load import load
from storage.rebuild import rebuild
from triggerhub.database import open_store

ROOT = Path(__file__).parents[3]


def test_the_loaded_past_is_a_valid_log(tmp_path: Path) -> None:
    folder = tmp_path / "past"
    load(folder, customers=20, agents=2)
    store = open_store(company.settings(folder))
    report = rebuild(store.database, store.kit)
    assert report.identical, report.differences


@pytest.mark.timeout(180)
def test_a_small_run_measures_everything(tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "bench", "--quick", "--customers", "400", "--agents", "5"),
        *("--seconds", "0.5", "--results", str(tmp_path)),
    ]
    ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (written,) = tmp_path.glob("*.json")
    document = json.loads(written.read_text())
    assert document["faults"] == []
    # A machine of one's own loses nothing to its host.
    assert [row["name"] for row in document["summary"] if row["median"] <= 0] in ([], ["stolen"])
    assert {p.name for p in tmp_path.glob("*.png")} == {"latency.png", "throughput.png"}
