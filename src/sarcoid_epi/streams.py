"""Uniform numbers by address: (seed, variable, row, replicate) names one number, whoever asks and in whatever order.

A counter-based generator (Philox 4x64, [salmon2011]) has no state to share: the key is a hash of seed and variable, the
counter is the address. So any chunk, prefix, worker or single patient sees the same numbers, and a new variable changes
no other. Raw bits are turned into uniforms here, because NumPy promises its raw streams but not its distributions.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.random import Philox
from numpy.typing import NDArray

#: A counter step gives four 64-bit words, which hold eight 32-bit numbers.
_PER_BLOCK = 8

Floats = NDArray[np.float64]


class Uniforms(Protocol):
    """Where a variable's uniforms come from: patients' addresses, or a reference population's points."""

    def __call__(self, variable: str) -> Floats:
        """One uniform in (0, 1) for each row."""
        ...


@dataclass(frozen=True)
class Rows:
    """Uniforms of the source rows `first` to `first + count` of one replicate."""

    seed: int
    first: int
    count: int
    replicate: int = 0

    def __call__(self, variable: str) -> Floats:
        return uniforms(self.seed, variable, self.first, self.count, self.replicate)


def uniforms(seed: int, variable: str, first: int, count: int, replicate: int = 0) -> Floats:
    """Uniforms (b + 1/2) / 2^32 of `count` rows from `first` on, b the 32 bits at each row's address.

    Parameters
    ----------
    seed : int
        Any whole number; the study's only source of chance.
    variable : str
        Name of the variable, part of the key.
    first, count : int
        Rows wanted.
    replicate : int
        Number of the replicate, part of the counter.

    Returns
    -------
    array of float, shape (count,), strictly between 0 and 1

    References
    ----------
    salmon2011

    Examples
    --------
    >>> whole = uniforms(1, "sex", first=0, count=100)
    >>> bool((uniforms(1, "sex", first=37, count=10) == whole[37:47]).all())
    True
    """
    block, skip = divmod(first, _PER_BLOCK)
    words = (skip + count + 1) // 2
    key = np.frombuffer(blake2b(f"{seed}:{variable}".encode(), digest_size=16).digest(), dtype="<u8")
    # Philox steps its counter before it draws, which shifts every address alike. `advance` would count in draws.
    raw = Philox(key=key, counter=[block, replicate, 0, 0]).random_raw(words)
    bits = raw.astype("<u8", copy=False).view("<u4")[skip : skip + count]
    return (bits + 0.5) * 2.0**-32
