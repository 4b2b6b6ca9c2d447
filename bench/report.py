"""Says what was measured: a table, JSON, and plots."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.rounds import Results, Size

_MARK = "<!-- written by make bench -->"

_RESOLVED = "… and resolved: until the last of them is in its queue"

# name, unit, what it is held against, target, whether more is better
_ROWS: tuple[tuple[str, str, str, float | None, str, bool], ...] = (
    ("floor", "Floor: bare aiohttp, grouped insert", "/s", None, "", True),
    ("accept", "Signed webhooks accepted, 64 connections", "/s", 0.35, "floor", True),
    ("resolved", _RESOLVED, "/s", None, "floor", True),
    ("full_path", "Full path: messages of conversations on consoles", "/s", 0.10, "floor", True),
    ("all_new", "… where every message is new work", "/s", None, "floor", True),
    ("floor_p50", "Floor: first byte to its answer at 100 a second, p50", "ms", None, "", False),
    ("floor_p99", "Floor: first byte to its answer at 100 a second, p99", "ms", None, "", False),
    ("wait_p50", "First byte to frame at 100 a second, p50", "ms", 5.0, "", False),
    ("wait_p99", "First byte to frame at 100 a second, p99", "ms", 40.0, "", False),
    ("offer_wait_p50", "… where every message is new work, p50", "ms", None, "", False),
    ("offer_wait_p99", "… where every message is new work, p99", "ms", None, "", False),
    ("smtp_floor", "Floor: bare aiosmtpd, keeps nothing", "/s", None, "", True),
    ("smtp", "Mails accepted over SMTP", "/s", 0.40, "smtp_floor", True),
    ("smtp_resolved", _RESOLVED, "/s", None, "smtp_floor", True),
    ("memory_idle", "Resident memory, idle", "MiB", 150.0, "", False),
    ("memory_load", "Resident memory, most under load", "MiB", 300.0, "", False),
    ("memory_load_with_parsers", "… with the guarded parsers", "MiB", None, "", False),
    ("ready", "Start to ready", "s", 2.0, "", False),
    ("stolen", "Processor time that the machine's host took", "%", None, "", False),
)


def ratios(results: Results, name: str, against: str) -> list[float]:
    """Round by round: the floor that was measured beside it."""
    pairs = zip(results.values[name], results.values[against], strict=True)
    return [value / floor for value, floor in pairs]


def summary(results: Results) -> list[dict[str, object]]:
    """One entry a row of the table, medians and spread."""
    rows: list[dict[str, object]] = []
    for name, words, unit, target, against, more in _ROWS:
        values = results.values[name]
        compared = ratios(results, name, against) if against else values
        reached = None
        if target is not None:
            middle = median(compared)
            reached = middle >= target if more else middle <= target
        rows.append(
            {
                "name": name,
                "what": words,
                "unit": unit,
                "median": median(values),
                "least": min(values),
                "most": max(values),
                "of_floor": median(compared) if against else None,
                "target": target,
                "reached": reached,
            }
        )
    return rows


def write(
    size: Size,
    results: Results,
    *,
    console: Console,
    results_folder: Path,
    plots: Path,
    document: Path | None,
) -> None:
    """`document`: the Markdown file whose table is renewed; None leaves it."""
    rows = summary(results)
    console.print(_table(size, rows))
    for fault in sorted(set(results.faults))[:10]:
        console.print(f"[red]{fault}")
    now = datetime.now(UTC)
    measured = {
        "at": now.isoformat(timespec="seconds"),
        "size": asdict(size),
        "python": platform.python_version(),
        "summary": rows,
        "rounds": results.values,
        "faults": results.faults,
        "left_out": results.left_out,
    }
    results_folder.mkdir(parents=True, exist_ok=True)
    file = results_folder / f"{now:%Y%m%dT%H%M%S}.json"
    file.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n")
    drawn = _plots(results, plots)
    if document is not None:
        head, mark, _old = document.read_text().partition(_MARK)
        document.write_text(f"{head}{mark}\n\n{_markdown(size, results, rows, now)}")
    console.print(f"Written: {file.name}, {', '.join(drawn)}")


def _markdown(
    size: Size, results: Results, rows: Sequence[dict[str, object]], now: datetime
) -> str:
    head = (
        f"{now:%Y-%m-%d}, Python {platform.python_version()}: {size.customers:,} customers,"
        f" {size.customers * 10:,} messages, {size.agents} consoles; medians of {size.rounds}"
        " rounds, least and most beside them."
        f" Further rounds, left out because the host disturbed them more: {results.left_out}."
    )
    lines = [
        head,
        "",
        "| | median | spread | of floor | target |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cells(row: dict[str, object]) -> list[str]:
    unit, target, of_floor = row["unit"], row["target"], row["of_floor"]
    wanted = ""
    if isinstance(target, float):
        wanted = f"{target:.0%}" if of_floor is not None else f"{target:g} {unit}"
    return [
        str(row["what"]),
        f"{_number(row['median'])} {unit}",
        f"{_number(row['least'])} – {_number(row['most'])}",
        f"{of_floor:.0%}" if isinstance(of_floor, float) else "",
        wanted,
    ]


def _table(size: Size, rows: Sequence[dict[str, object]]) -> Table:
    table = Table(
        title=f"{size.customers:,} customers, {size.customers * 10:,} messages, "
        f"{size.agents} consoles; medians of {size.rounds} rounds"
    )
    for heading in ("", "median", "spread", "of floor", "target", ""):
        table.add_column(heading, justify="left" if not heading else "right")
    for row in rows:
        mark = ""
        if row["reached"] is not None:
            mark = "[green]reached" if row["reached"] else "[red]missed"
        table.add_row(*_cells(row), mark)
    return table


def _number(value: object) -> str:
    assert isinstance(value, (int, float))
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


def _plots(results: Results, folder: Path) -> list[str]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    names = ["floor", "accept", "full_path", "all_new", "smtp_floor", "smtp"]
    labels = [
        "floor\n(HTTP)",
        "webhooks\naccepted",
        "full path",
        "… all\nnew work",
        "floor\n(SMTP)",
        "mails\naccepted",
    ]
    figure, axes = plt.subplots(figsize=(7, 4))
    for place, name in enumerate(names):
        values = results.values[name]
        colour = "#9aa5b1" if "floor" in name else "#2f6f9f"
        axes.bar(place, median(values), color=colour, width=0.65)
        axes.plot([place] * len(values), values, "o", color="#22303c", markersize=3)
    axes.set_xticks(range(len(names)), labels)
    axes.set_ylabel("per second")
    axes.set_title("Throughput: medians and single rounds")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(folder / "throughput.png", dpi=110)
    plt.close(figure)

    figure, axes = plt.subplots(figsize=(7, 4))
    for what, label, colour in (
        ("wait", "messages of conversations", "#2f6f9f"),
        ("offer_wait", "every message new work", "#c2742f"),
    ):
        waits = sorted(wait for wait in results.waits[what] if math.isfinite(wait))
        axes.plot(
            waits, [(at + 1) / len(waits) for at in range(len(waits))], color=colour, label=label
        )
        for share, style in ((0.5, "--"), (0.99, ":")):
            at = waits[min(len(waits) - 1, int(len(waits) * share))]
            axes.axvline(at, color=colour, linestyle=style, linewidth=1)
            axes.text(at, 0.05, f" p{share * 100:g} {at:.1f} ms", rotation=90, va="bottom")
    axes.legend(loc="upper left", frameon=False)
    axes.set_xscale("log")
    axes.set_xlabel("ms from the request's first byte to the console's frame")
    axes.set_ylabel("share of messages")
    axes.set_title("Latency at 100 messages a second")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(folder / "latency.png", dpi=110)
    plt.close(figure)
    return ["throughput.png", "latency.png"]
