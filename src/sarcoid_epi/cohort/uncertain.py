"""Draws of a world that patients can be made of."""

from __future__ import annotations

from sarcoid_epi.cohort.sites import site_table
from sarcoid_epi.scenario import World
from sarcoid_epi.scenario.uncertainty import Drawn, drawn


def draw_world(world: World, k: int, seed: int = 1) -> World:
    """Draw number k of a world, with site shares that some set of bones can have; see `scenario.uncertainty.drawn`.

    The world's targets are calibrated anew when patients are made of it: `calibrate(draw_world(world, k), design)`.

    Examples
    --------
    >>> from sarcoid_epi.scenario import load_world
    >>> draw_world(load_world("evidence"), 3).name
    'evidence.seed1.draw3'
    """
    return drawn_world(world, k, seed).scenario


def drawn_world(world: World, k: int, seed: int = 1) -> Drawn[World]:
    """`draw_world`, and how many attempts it took."""
    return drawn(world, k, seed, _bones_agree)


def _bones_agree(world: World) -> None:
    site_table(world.sites)
