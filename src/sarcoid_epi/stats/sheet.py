"""Nodes of a quadrature over (pi, Se, F), laid where the counts of one test leave any mass.

Notation: x of n positive; pi prevalence, Se sensitivity, F = 1 - specificity; p = pi Se + (1 - pi) F. The counts speak
of p alone, so what they leave is a sheet in (pi, Se, F), thin when n is large. Boxes in (Se, F) are split where p is,
and in each of their points pi has nodes only on the stretch whose p agrees with the counts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, betaln, expit, log_expit, roots_sh_jacobi, xlog1py, xlogy

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.prior import Prior, mean, sd
from sarcoid_epi.stats.quadrature import log_choose

_Rows = NDArray[np.intp]
_Truth = NDArray[np.bool_]

#: Nodes in (Se, F, pi): with none, one and two of Se and F known, and for the first looks.
_NODES = {0: (34, 34, 34), 1: (64, 64, 64), 2: (1, 1, 200)}
_LOOK, _LOOKS = 16, 3
#: With pi known the sheet is a line in (Se, F): so many nodes on each, and so many line widths apart at most.
_ON_LINE, _THIN = 180, 2.0
#: Nodes in pi where its prior says something; in Se and F where it says nearly all.
_BELIEVED, _NEARLY_THIN = 56, (60, 60)
#: Tails cut from the likelihood of p and the prior of pi; tails of the priors of Se and F where a first look begins.
_TAIL, _FAR = 1e-13, 1e-30
#: Log weight below the highest at which a node of a first look is left out.
_FAINT = -17.0
#: A prior wider than so many standard deviations of the likelihood meets it as an edge and is cut into parts there.
_SHARP = 2.0
#: Where nobody is positive: steps in the logit of pi, Se and F, stretched away from where the likelihood falls; tails
#: cut from a prior, of the chance 1/(n + 1); from these shapes on a prior ends calmly and so many nodes are enough.
_STEP, _STRETCH, _CUT, _CALM, _FEW = 0.6, 0.15, 1e-7, 4.0, 30
#: So little that no product of two such shares is nothing.
_LEAST = 1e-150
#: Nearer to an end of a prior's range than this part of its own length, a stretch is laid out in the log of the
#: distance from that end, unless the prior's density vanishes there as fast as at this shape.
_BENT, _FLAT = 0.2, 2.0
#: Nearer to where a prior's density is infinite than this part of its width, a stretch is drawn out to there.
_NEAR = 0.05


class Boxes(NamedTuple):
    """Boxes in (Se, F), and the stretch of p that the counts leave; `row` is the group a box belongs to."""

    row: _Rows
    se_low: Array
    se_high: Array
    f_low: Array
    f_high: Array
    p_low: Array
    p_high: Array


class Cloud(NamedTuple):
    """Nodes of boxes, broadcastable to (B, Se, F, pi)."""

    pi: Array
    se: Array
    f: Array
    p: Array
    log_weight: Array


def posterior_nodes(x: Array, n: Array, pi: Prior, se: Prior, sp: Prior) -> tuple[Boxes, Cloud]:
    """The boxes that matter for counts x of n, each of shape (G,), and their nodes."""
    f = Prior(sp.b, sp.a, 1.0 - sp.high, 1.0 - sp.low)
    boxes = _first_boxes(x, n, pi, se, f)
    for _ in range(_LOOKS):
        boxes = _narrowed(boxes, x, n, pi, se, f)
    known = (se.low == se.high) + (f.low == f.high)
    n_se, n_f, n_pi = _NODES[known]
    if pi.low == pi.high and known == 0:
        n_se, n_f, n_pi = _ON_LINE, _ON_LINE, 1
    elif not pi.a == pi.b == 1:
        # A firm belief leaves pi the same nodes for all Se and F: none then stand between those of the others.
        n_pi = max(n_pi, _BELIEVED)
        if (_thinness(x, n, pi, se, sp) > _THIN / 3.0).any():
            n_se, n_f = _NEARLY_THIN
    counts = (1 if se.low == se.high else n_se, 1 if f.low == f.high else n_f, 1 if pi.low == pi.high else n_pi)
    cloud = _cloud(boxes, x, n, pi, se, f, counts)
    return boxes, cloud


def nobody_positive(n: Array, pi: Prior, se: Prior, sp: Prior) -> tuple[Array, Array]:
    """Where none of n are positive: the share true of records there might be, and log weights, each of shape (G, K).

    With none on record pi, Se and F may all be next to nothing, and the share turns on their ratio however small they
    are. So the nodes are laid out in the logits of all three: a trapezium rule, whose error falls exponentially there.
    """
    f = Prior(sp.b, sp.a, 1.0 - sp.high, 1.0 - sp.low)
    at_pi, rest_pi, log_pi = (each[:, :, None, None] for each in _in_logits(n, pi))
    at_se, _, log_se = (each[:, None, :, None] for each in _in_logits(n, se))
    at_f, _, log_f = (each[:, None, None, :] for each in _in_logits(n, f))
    true, false = at_pi * at_se, rest_pi * at_f
    p = true + false
    with np.errstate(divide="ignore"):
        log_weight = xlog1py(n[:, None, None, None], -np.minimum(p, 1.0)) + (log_pi + log_se) + log_f
    share = true / p
    return share.reshape(len(n), -1), log_weight.reshape(len(n), -1)


def _in_logits(n: Array, prior: Prior) -> tuple[Array, Array, Array]:
    """Nodes of a prior, what they lack of 1, and their log weights, each of shape (G, K)."""
    a, b, low, high = prior
    if low > 0 or min(a, b) >= _CALM:
        start, stop = (np.broadcast_to(end, (len(n), 1)) for end in _reach(prior, _TAIL))
        at, log_weight = _axis(prior, start, stop, _FEW)
        return at, 1.0 - at, log_weight
    first, last = (np.maximum(betaincinv(*shapes, _CUT / (n + 1.0)), _LEAST) for shapes in ((a, b), (b, a)))
    first, last = np.log(first) - np.log1p(-first), np.log1p(-last) - np.log(last)
    middle = np.clip(-np.log(n + 1.0), first, last)
    u_first, u_last = (np.arcsinh(_STRETCH * (end - middle)) / _STRETCH for end in (first, last))
    count = int(np.ceil((u_last - u_first).max() / _STEP)) + 1
    u = u_first[:, None] + (u_last - u_first)[:, None] * np.linspace(0.0, 1.0, count)
    logits = middle[:, None] + np.sinh(_STRETCH * u) / _STRETCH
    step = (u_last - u_first)[:, None] / (count - 1) * np.cosh(_STRETCH * u)
    log_weight = a * log_expit(logits) + b * log_expit(-logits) - betaln(a, b) + np.log(step)
    return high * expit(logits), (1.0 - high) + high * expit(-logits), log_weight


def too_thin(x: Array, n: Array, pi: Prior, se: Prior, sp: Prior) -> _Truth:
    """Where the sheet falls between the nodes: a prevalence nearly known leaves too thin a line in (Se, F)."""
    return np.asarray(_thinness(x, n, pi, se, sp) > _THIN)


def _thinness(x: Array, n: Array, pi: Prior, se: Prior, sp: Prior) -> Array:
    """Distance of nodes against the thickness of the line, both on the scale of p; 13 standard deviations are a prior.

    Through the prior of pi the line is as thick as Se and F are apart: not by their means, which may be equal.
    """
    if se.low == se.high or sp.low == sp.high:
        return np.zeros(x.shape)
    apart = np.hypot(mean(se) + mean(sp) - 1.0, np.hypot(sd(se), sd(sp)))
    thickness = np.hypot(_spread(x, n), sd(pi) * apart)
    nodes = _ON_LINE if pi.low == pi.high else _NODES[0][0]
    return np.asarray(13.0 * min(mean(pi) * sd(se), (1.0 - mean(pi)) * sd(sp)) / nodes / thickness)


def _spread(x: Array, n: Array) -> Array:
    """Standard deviation of p by the likelihood."""
    return np.asarray(np.sqrt((x + 1.0) * (n - x + 1.0) / (n + 3.0)) / (n + 2.0))


def _first_boxes(x: Array, n: Array, pi: Prior, se: Prior, f: Prior) -> Boxes:
    """Se and F each below, within and above the stretch of p that the counts leave; not both below or both above."""
    p_low = np.where(x == 0, 0.0, betaincinv(x + 1.0, n - x + 1.0, _TAIL))
    p_high = np.where(x == n, 1.0, 1.0 - betaincinv(n - x + 1.0, x + 1.0, _TAIL))
    zero, one = np.zeros_like(p_low), np.ones_like(p_low)
    rows = np.arange(len(x))

    def panels(prior: Prior) -> list[tuple[Array, Array]]:
        sharp = _spread(x, n) * _SHARP < sd(prior)
        start, stop = _drawn_out(prior, np.where(sharp, p_low, 0.0), np.where(sharp, p_high, 1.0))
        return [(zero, start), (start, stop), (stop, one)]

    made = []
    for i, (s_from, s_to) in enumerate(panels(se)):
        for j, (f_from, f_to) in enumerate(panels(f)):
            if i == j != 1:
                continue
            s_low, s_high, s_in = _cut(se, s_from, s_to, last=i == 2)
            f_low, f_high, f_in = _cut(f, f_from, f_to, last=j == 2)
            here = s_in & f_in
            ends = (s_low, s_high, f_low, f_high, p_low, p_high)
            made.append(Boxes(rows[here], *(end[here] for end in ends)))
    return Boxes(*(np.concatenate(field) for field in zip(*made, strict=True)))


def _reach(prior: Prior, tail: float) -> tuple[Array, Array]:
    """Where a prior may matter: its range but for the farthest tails."""
    a, b, low, high = prior
    low_end, high_end = betaincinv(a, b, tail), 1.0 - betaincinv(b, a, tail)
    # A density that does not vanish at an end of its range is followed to that end.
    return low + (high - low) * np.where(a < _FLAT, 0.0, low_end), low + (high - low) * np.where(
        b < _FLAT, 1.0, high_end
    )


def _cut(prior: Prior, start: Array, stop: Array, last: bool) -> tuple[Array, Array, _Truth]:
    """The part of a prior's reach from `start` to `stop`, and whether there is any."""
    low, high = _reach(prior, _FAR)
    if low == high:
        inside = (start <= low) & ((low < stop) | (last & (low <= stop)))
        return np.full(start.shape, low), np.full(start.shape, high), np.asarray(inside)
    low, high = np.maximum(low, start), np.minimum(high, stop)
    return low, high, np.asarray(low < high)


def _cloud(boxes: Boxes, x: Array, n: Array, pi: Prior, se: Prior, f: Prior, counts: tuple[int, int, int]) -> Cloud:
    """Nodes and log weights in each box."""
    at_se, log_se = _axis(se, boxes.se_low[:, None], boxes.se_high[:, None], counts[0])
    at_f, log_f = _axis(f, boxes.f_low[:, None], boxes.f_high[:, None], counts[1])
    at_se, log_se = at_se[:, :, None, None], log_se[:, :, None, None]
    at_f, log_f = at_f[:, None, :, None], log_f[:, None, :, None]
    slope = at_se - at_f
    wide = (slice(None), None, None, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (boxes.p_low[wide] - at_f) / slope, (boxes.p_high[wide] - at_f) / slope
    flat = slope == 0
    least, most = _reach(pi, _TAIL)
    low = np.fmax(np.where(flat, least, np.fmin(one, other)), least)
    high = np.fmin(np.where(flat, most, np.fmax(one, other)), most)
    empty = low > high
    low, high = np.where(empty, least, low), np.where(empty, least, high)
    at_pi, log_pi = _axis(pi, *_drawn_out(pi, low, high, ~empty), counts[2], bent=min(pi.a, pi.b) < 1)
    p = np.clip(at_f + at_pi * slope, 0.0, 1.0)
    events, size = x[boxes.row][wide], n[boxes.row][wide]
    with np.errstate(divide="ignore"):
        likelihood = log_choose(size, events) + xlogy(events, p) + xlog1py(size - events, -p)
    log_weight = likelihood + log_pi + (log_se + log_f)
    return Cloud(at_pi, at_se, at_f, p, np.where(empty, -np.inf, log_weight))


def _drawn_out(prior: Prior, low: Array, high: Array, where: _Truth | bool = True) -> tuple[Array, Array]:
    """Stretches, moved to an end of the prior's range that they all but reach and where its density is infinite."""
    at_low, at_high = _no_series(prior.a), _no_series(prior.b)
    if not (at_low or at_high) or prior.low == prior.high:
        return low, high
    near = np.where(where, _NEAR * (high - low), -1.0)
    to_low, to_high = at_low & (low - prior.low < near), at_high & (prior.high - high < near)
    return np.where(to_low, prior.low, low), np.where(to_high, prior.high, high)


def _no_series(shape: float) -> bool:
    """Whether a density of this shape is infinite or bends at an end of its range: no power series follows it."""
    return shape < _FLAT and shape != 1


def _axis(prior: Prior, low: Array, high: Array, count: int, bent: bool = True) -> tuple[Array, Array]:
    """Nodes from low to high (last axis 1) along a new last axis, and the log of weight times prior density."""
    a, b, least, most = prior
    if least == most:
        return np.broadcast_to(low, (*low.shape[:-1], 1)), np.zeros((*low.shape[:-1], 1))
    part = (high - low) / (most - least)
    left: _Truth | bool = False
    right: _Truth | bool = False
    t, log_w = _rule(count, 1.0, 1.0)
    power: Array | float = 1.0
    if _no_series(a) or _no_series(b):
        # Where the density is infinite at an end of the stretch, or bent, its power there is part of the rule.
        left, right = (low <= least) & _no_series(a), (high >= most) & _no_series(b)
        rules = [_rule(count, a if i else 1.0, b if j else 1.0) for i in (0, _no_series(a)) for j in (0, _no_series(b))]
        t, log_w = (np.stack(each)[(2 * left + right)[..., 0]] for each in zip(*rules, strict=True))
        power = np.where(left, a, 1.0) + np.where(right, b, 1.0) - 1.0
    if bent and a < _FLAT:
        t, log_w = _bent(t, log_w, low - least, high - low, np.where(right, b, 1.0))
    if bent and b < _FLAT:
        back, log_w = _bent(1.0 - t, log_w, most - high, high - low, np.where(left, a, 1.0))
        t = 1.0 - back
    at = low + (high - low) * t
    with np.errstate(divide="ignore"):
        log_weight = power * np.log(part) + log_w
        if a == b == 1:
            return at, log_weight
        z = (at - least) / (most - least)
        elsewhere = xlogy(a - 1.0, np.where(left, 1.0, z)) + xlog1py(b - 1.0, -np.where(right, 0.0, z))
    return at, log_weight + elsewhere - betaln(a, b)


def _bent(t: Array, log_w: Array, gap: Array, length: Array, shape: Array) -> tuple[Array, Array]:
    """Nodes on (0, 1) laid out in the log of the distance from a point not far below 0, where the gap is small.

    What is integrated over a stretch from close to 0 up to 1 changes by the factor, not by the difference.
    """
    near = (gap > 0.0) & (gap < _BENT * length)
    if not near.any():
        return t, log_w
    ratio = np.where(near, gap / np.where(near, length, 1.0), 1.0)
    steep = np.log1p(1.0 / ratio)
    bent, rest = ratio * np.expm1(t * steep), -(1.0 + ratio) * np.expm1(-(1.0 - t) * steep)
    weight = log_w + np.log((ratio + bent) * steep) + (shape - 1.0) * np.log(rest / (1.0 - t))
    return np.where(near, bent, t), np.where(near, weight, log_w)


@lru_cache(maxsize=64)
def _rule(count: int, a: float, b: float) -> tuple[Array, Array]:
    """Nodes t on (0, 1) and the logs of their weights, for integrals of t^(a - 1) (1 - t)^(b - 1) times the smooth."""
    if a == b == 1:
        t, w = np.polynomial.legendre.leggauss(count)
        return (t + 1.0) / 2.0, np.log(w / 2.0)
    t, w = roots_sh_jacobi(count, a + b - 1.0, a)
    return t, np.log(w)


def _narrowed(boxes: Boxes, x: Array, n: Array, pi: Prior, se: Prior, f: Prior) -> Boxes:
    """The boxes cut down to where the mass is, seen with few nodes; those without any dropped."""
    n_se, n_f, n_pi = (1 if prior.low == prior.high else _LOOK for prior in (se, f, pi))
    cloud = _cloud(boxes, x, n, pi, se, f, (n_se, n_f, n_pi))
    peak = np.full(len(x), -np.inf)
    np.maximum.at(peak, boxes.row, cloud.log_weight.max(axis=(1, 2, 3)))
    peak = np.where(np.isfinite(peak), peak, 0.0)
    seen = cloud.log_weight > (peak[boxes.row] + _FAINT)[:, None, None, None]
    kept = seen.any(axis=(1, 2, 3))
    boxes, seen = Boxes._make(field[kept] for field in boxes), seen[kept]
    cloud = Cloud(*(field[kept] for field in cloud))
    se_low, se_high = _around(cloud.se[:, :, 0, 0], np.asarray(seen.any(axis=(2, 3))), boxes.se_low, boxes.se_high)
    f_low, f_high = _around(cloud.f[:, 0, :, 0], np.asarray(seen.any(axis=(1, 3))), boxes.f_low, boxes.f_high)
    (se_low, se_high), (f_low, f_high) = _drawn_out(se, se_low, se_high), _drawn_out(f, f_low, f_high)
    # No box grows: what lies beyond it is its neighbour's.
    se_low, se_high = np.maximum(se_low, boxes.se_low), np.minimum(se_high, boxes.se_high)
    f_low, f_high = np.maximum(f_low, boxes.f_low), np.minimum(f_high, boxes.f_high)
    return boxes._replace(se_low=se_low, se_high=se_high, f_low=f_low, f_high=f_high)


def _around(nodes: Array, seen: _Truth, low: Array, high: Array) -> tuple[Array, Array]:
    """From the node before the first seen to the node after the last; the ends of the box where there is none."""
    padded = np.concatenate([low[:, None], nodes, high[:, None]], axis=1)
    first, last = seen.argmax(axis=1), nodes.shape[1] - 1 - seen[:, ::-1].argmax(axis=1)
    rows = np.arange(len(nodes))
    return padded[rows, first], padded[rows, last + 2]
