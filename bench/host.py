"""What the machine's host takes from it: nothing on a machine of one's own."""

from __future__ import annotations

from pathlib import Path

_STAT = Path("/proc/stat")
_STEAL = 7  # proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal


class Host:
    """Since it was made. Without /proc/stat (not Linux) nothing is known of a host."""

    def __init__(self) -> None:
        self._before = _ticks()

    def took(self) -> float:
        """The share of the processors' time that the machine didn't get though it wanted it."""
        spent = [now - then for now, then in zip(_ticks(), self._before, strict=True)]
        return spent[_STEAL] / max(1, sum(spent))


def _ticks() -> list[int]:
    if not _STAT.exists():
        return [0] * (_STEAL + 1)
    return [int(number) for number in _STAT.read_text().split()[1 : _STEAL + 2]]
