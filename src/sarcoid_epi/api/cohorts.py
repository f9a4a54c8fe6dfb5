"""Synthetic cohorts: made in memory or on disk, and the scenarios that they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sarcoid_epi.api.defaults import DESIGN, SEED, SIZE, WORLD, Progress, quiet
from sarcoid_epi.errors import ConfigurationError, Problem, unknown

if TYPE_CHECKING:
    from sarcoid_epi.cohort import Cohort
    from sarcoid_epi.cohort.parts import Order
    from sarcoid_epi.scenario import Design, World


def generate(
    world: str = WORLD,
    design: str = DESIGN,
    size: int | None = None,
    seed: int = SEED,
    out: str | Path | None = None,
    vary: Mapping[str, float] | None = None,
    do: Mapping[str, str] | None = None,
    csv: bool = False,
    columns: Sequence[str] | None = None,
    population: int | None = None,
    years: tuple[int, int] | None = None,
    draw: int | None = None,
) -> Cohort:
    """A synthetic cohort in memory; with `out`, it is also written there, as `write` does.

    Its size is `size` (10 000 by default), or follows from a `population` watched from one of the `years` to the other.
    With `draw`, the world's uncertain parameters are drawn, that number of draw.
    """
    from sarcoid_epi.cohort import generate as make
    from sarcoid_epi.cohort.storage import write_cohort

    asked = _order(world, design, size, seed, vary, do, csv, columns, population, years, draw)
    cohort = make(asked.world, asked.design, asked.size, seed, asked.do, columns=asked.columns, source=asked.source)
    if out is not None:
        write_cohort(cohort, asked.world, asked.design, seed, Path(out), asked.do, csv, asked.columns, asked.population)
    return cohort


def write(
    out: str | Path,
    world: str = WORLD,
    design: str = DESIGN,
    size: int | None = None,
    seed: int = SEED,
    vary: Mapping[str, float] | None = None,
    do: Mapping[str, str] | None = None,
    csv: bool = False,
    columns: Sequence[str] | None = None,
    population: int | None = None,
    years: tuple[int, int] | None = None,
    draw: int | None = None,
    workers: int = 1,
    progress: Progress = quiet,
) -> Path:
    """A synthetic cohort of any size on disk, never whole in memory; interrupted, the same call takes it up again."""
    from sarcoid_epi.cohort.streaming import stream_cohort

    progress("hitting the targets")
    asked = _order(world, design, size, seed, vary, do, csv, columns, population, years, draw)
    stream_cohort(asked, Path(out), workers, progress=progress)
    return Path(out)


def _order(
    world: str,
    design: str,
    size: int | None,
    seed: int,
    vary: Mapping[str, float] | None,
    do: Mapping[str, str] | None,
    csv: bool,
    columns: Sequence[str] | None,
    people: int | None,
    years: tuple[int, int] | None,
    draw: int | None,
) -> Order:
    """What is asked for, with the size from one source only."""
    from sarcoid_epi.cohort.occurrence import in_years, population
    from sarcoid_epi.cohort.parts import Order

    _demand_one_size(size, people, years, vary or {})
    made_of, looked_at = scenario(world, design, vary, draw)
    kept = None if columns is None else tuple(columns)
    if people is None or years is None:
        return Order(made_of, looked_at, SIZE if size is None else size, seed, dict(do or {}), kept, csv=csv)
    looked_at = in_years(looked_at, years)
    arising = population(made_of, looked_at, people, years, seed)
    return Order(made_of, looked_at, None, seed, dict(do or {}), kept, arising, csv)


def _demand_one_size(
    size: int | None, people: int | None, years: tuple[int, int] | None, vary: Mapping[str, float]
) -> None:
    """Refuse two sizes, half a population, and years that are given twice."""
    problems = []
    if people is not None and size is not None:
        problems.append(Problem("--size and --population both say how many", do="keep one"))
    if people is not None and years is None:
        problems.append(Problem("a population needs years", "--population", do="add --years FIRST:LAST"))
    if people is None and years is not None:
        problems.append(Problem("years need a population", "--years", do="add --population, or vary the calendar"))
    if years is not None:
        twice = [path for path in vary if path.startswith("calendar.")]
        why = "--years says it already"
        problems += [Problem(f"'{path}' is given twice", "--vary", why, "keep one") for path in twice]
    if problems:
        raise ConfigurationError(*problems)


def true_share(recorded: float, world: str = WORLD, design: str = DESIGN, detection: str | None = None) -> float:
    """The true share behind a share on record, on a basis for detection: "design", "SE:SP", or a belief's name or file.

    Without one it is refused, and told what is missing.
    """
    from sarcoid_epi.agreement.matching import Detection, true_share_for
    from sarcoid_epi.scenario import load_belief

    basis: Detection = detection
    if detection is not None and ":" in detection:
        try:
            sensitivity, specificity = (float(part) for part in detection.split(":"))
        except ValueError:
            mend = "write SENSITIVITY:SPECIFICITY, as 0.2:0.998"
            raise ConfigurationError(Problem(f"'{detection}' is no pair", "--detection", do=mend)) from None
        if not (0 <= sensitivity <= 1 and 0 <= specificity <= 1 and sensitivity + specificity > 1):
            why = "both lie between 0 and 1, and together they must exceed 1"
            mend = "write SENSITIVITY:SPECIFICITY, as 0.2:0.998"
            raise ConfigurationError(Problem(f"'{detection}' detects nothing", "--detection", why, mend))
        basis = sensitivity, specificity
    elif detection not in (None, "design"):
        basis = load_belief(str(detection))
    share = true_share_for(world, design, recorded, basis)
    if not 0 <= share <= 1:
        why = "with such a sensitivity and specificity no true share brings so few, or so many, on record"
        raise ConfigurationError(Problem(f"the true share comes to {share:.4g}", why=why, do="believe otherwise"))
    return share


def scenario(
    world: str, design: str, vary: Mapping[str, float] | None = None, draw: int | None = None
) -> tuple[World, Design]:
    """World and design by name or file, each with those of the varied paths that it has; the world drawn, if asked."""
    from sarcoid_epi.scenario import load_design, load_world
    from sarcoid_epi.scenario.design import Design
    from sarcoid_epi.scenario.loader import paths
    from sarcoid_epi.scenario.world import World

    vary = vary or {}
    of_world, of_design = paths(World), paths(Design)
    strange = [path for path in vary if not (of_world.get(path) or of_design.get(path))]
    if strange:
        known = [path for path, number in (of_world | of_design).items() if number]
        raise ConfigurationError(*(unknown("parameter", path, known, "--vary") for path in strange))
    made_of = load_world(world, {path: value for path, value in vary.items() if of_world.get(path)})
    looked_at = load_design(design, {path: value for path, value in vary.items() if of_design.get(path)})
    if draw is not None:
        from sarcoid_epi.cohort import draw_world

        made_of = draw_world(made_of, draw)
    return made_of, looked_at
