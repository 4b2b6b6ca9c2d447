"""The table of limits names where each stands: those files are there."""

import re
from pathlib import PurePosixPath

import pytest

from tests.arch.packages import ROOT

ROWS = [
    line
    for line in (ROOT / "docs" / "limits.md").read_text().splitlines()
    if line.startswith("|") and "`" in line.rpartition(" | ")[2]
]


def test_the_table_is_read() -> None:
    assert len(ROWS) > 50


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:40])
def test_where_a_limit_stands_there_is_a_file(row: str) -> None:
    folder = ROOT
    for named in re.findall(r"`([\w./*-]+(?:\.py|\.ts|/))`", row.rpartition(" | ")[2]):
        if "/" in named:
            folder = ROOT / (named if named.endswith("/") else PurePosixPath(named).parent)
        found = list(folder.glob(PurePosixPath(named).name)) if named[-1] != "/" else [folder]
        assert found, named
        assert all(path.exists() for path in found), named
