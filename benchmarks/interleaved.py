"""Timing by turns: whatever slows the machine for a while slows every candidate alike."""

from __future__ import annotations

import gc
import random
from contextlib import nullcontext
from dataclasses import dataclass
from statistics import median
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

from benchmarks.table import Goal, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

_UNITS = {"us": 1e6, "ms": 1e3, "s": 1}


@dataclass(frozen=True)
class Candidate:
    """One of the ways that are compared."""

    name: str
    call: Callable[[], object]
    """What is timed."""
    turn: Callable[[], AbstractContextManager[object]] = nullcontext
    """What is in place during its turn alone, and not timed."""
    clock: Callable[[], float] = thread_time
    """The thread's processor time, which other processes hardly change, or another clock."""


@dataclass(frozen=True)
class Figures:
    """What was measured: of each candidate, by its name, the seconds that it took in each round."""

    seconds: Mapping[str, list[float]]

    def row(
        self,
        measured: str,
        beside: str,
        *,
        theirs: str = "",
        ours: str = "ours",
        unit: str = "us",
        goal: Goal | None = None,
        differs: bool = False,
    ) -> Row:
        """Compare two of them: by medians, and by the median of what each round says.

        ``theirs``: the other's name, if ``beside`` does not call it by that. A comparison with
        one that was not measured is a row that says so. ``differs``: it is the difference, not the
        ratio, that tells something.
        """
        theirs = theirs or beside
        scale = _UNITS[unit]
        taken, other = (
            [each * scale for each in self.seconds.get(it, ())] for it in (ours, theirs)
        )
        pairs = [*zip(taken, other, strict=False)]
        return Row(
            measured=measured,
            unit=unit,
            ours=median(taken) if taken else None,
            beside=beside,
            theirs=median(other) if other else None,
            ratio=median(a / b for a, b in pairs) if pairs and not differs else None,
            difference=median(a - b for a, b in pairs) if pairs and differs else None,
            goal=goal,
        )


def measured(
    candidates: Iterable[Candidate], *, seconds: float, calls: int, warm_up: int = 2, each: int = 1
) -> Figures:
    """Time what each candidate's call takes.

    In each round every candidate has a turn, in an order that changes: some calls to warm up, then
    ``calls`` that are timed together, so that the garbage collections that they cause count. The
    garbage of others is gone by then. Rounds begin as long as ``seconds`` are not over.
    ``each``: how many times a call does what is to be told.
    """
    all_candidates = list(candidates)
    order = random.Random(0)  # noqa: S311 - the same order in every run
    taken: dict[str, list[float]] = {candidate.name: [] for candidate in all_candidates}
    gc.collect()
    gc.freeze()  # so that collecting before a turn takes no time
    end = perf_counter() + seconds
    while not taken[all_candidates[0].name] or perf_counter() < end:
        for candidate in order.sample(all_candidates, len(all_candidates)):
            taken[candidate.name].append(_turn(candidate, calls, warm_up) / calls / each)
    gc.unfreeze()
    return Figures(taken)


def _turn(candidate: Candidate, calls: int, warm_up: int) -> float:
    call = candidate.call
    with candidate.turn():
        for _ in range(warm_up):
            call()
        gc.collect()
        started = candidate.clock()
        for _ in range(calls):
            call()
        return candidate.clock() - started
