"""Draws of a world that patients can be made of."""

from __future__ import annotations

from functools import partial

from sarcoid_epi.cohort.calibration import REFERENCE_POINTS, solve_world
from sarcoid_epi.cohort.sites import site_table
from sarcoid_epi.scenario import World
from sarcoid_epi.scenario.uncertainty import Drawn, drawn


def draw_world(world: World, k: int, seed: int = 1, points: int = REFERENCE_POINTS) -> World:
    """Draw number k of a world that patients can be made of; see `scenario.uncertainty.drawn`.

    Its targets are calibrated anew when patients are made of it: `calibrate(draw_world(world, k), design)`.

    Parameters
    ----------
    world
        As loaded.
    k
        Number of the draw, from 0.
    seed
        Any whole number.
    points
        As of `calibrate`.

    Raises
    ------
    ConfigurationError
        As `scenario.uncertainty.drawn`.

    Assumes
    -------
    The joint distribution is conditioned on targets that some population can reach, too.

    Examples
    --------
    >>> from sarcoid_epi.scenario import load_world
    >>> draw_world(load_world("evidence"), 3).name
    'evidence.seed1.draw3'
    """
    return drawn_world(world, k, seed, points).scenario


def drawn_world(world: World, k: int, seed: int = 1, points: int = REFERENCE_POINTS) -> Drawn[World]:
    """`draw_world`, and how many attempts it took."""
    return drawn(world, k, seed, partial(refuse_what_cannot_be_made, points=points))


def refuse_what_cannot_be_made(world: World, points: int = REFERENCE_POINTS) -> None:
    """Refuse targets that no population can reach; what calibration finds is kept for when patients are made."""
    site_table(world.sites)
    solve_world(world, points)
