"""`python -m bench`: load the past (once), measure, write table, JSON and plots."""

from __future__ import annotations

import argparse
import shutil
from hashlib import sha256
from pathlib import Path

import uvloop
from rich.console import Console

from bench import load, report
from bench.rounds import Run, Size, copy_of
from storage import schema

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PLOTS = HERE.parent / "docs" / "benchmarks"
DOCUMENT = HERE.parent / "docs" / "benchmarks.md"
FULL = Size(customers=100_000, agents=250, rounds=5, seconds=4.0, spare=5)
QUICK = Size(customers=4_000, agents=20, rounds=1, seconds=1.0, per_second=6_000)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works")
    parser.add_argument("--customers", type=int, help="each with ten messages")
    parser.add_argument("--agents", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of each measurement")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for JSON and data")
    parser.add_argument("--plots", type=Path, help="folder for plots (default: docs/benchmarks)")
    given = parser.parse_args()
    base = QUICK if given.quick else FULL
    size = Size(
        customers=given.customers or base.customers,
        agents=given.agents or base.agents,
        rounds=given.rounds or base.rounds,
        seconds=given.seconds or base.seconds,
        per_second=base.per_second,
        spare=base.spare,
    )
    console = Console()
    name = f"{size.customers}-{size.agents}-{_made_from()}"
    database = given.results / "databases" / name
    if not (database / load.FILE).exists():
        console.print(f"Loading {size.customers:,} customers (once; kept in {database})")
        unfinished = database.with_suffix(".loading")
        load.load(unfinished, customers=size.customers, agents=size.agents)
        shutil.rmtree(database, ignore_errors=True)
        unfinished.rename(database)
    working = given.results / "databases" / "working"
    with console.status("copying the database") as status:
        copy_of(database, working)
        results = uvloop.run(Run(size, working, status.update).all())
    shutil.rmtree(working, ignore_errors=True)
    report.write(
        size,
        results,
        console=console,
        results_folder=given.results,
        plots=given.plots or (given.results if given.quick else PLOTS),
        document=DOCUMENT if size == FULL and given.plots is None else None,
    )


def _made_from() -> str:
    """Changes with the schema and the loader: a database of others is loaded anew."""
    migrations = Path(schema.__file__).parent / "migrations" / "versions"
    sources = [HERE / name for name in ("company.py", "history.py", "load.py")]
    digest = sha256()
    for file in (*sorted(migrations.glob("*.py")), *sources):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


if __name__ == "__main__":
    main()
