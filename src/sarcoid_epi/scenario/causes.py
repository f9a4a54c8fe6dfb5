"""What causes what, and what an analysis must therefore not condition on.

A model of an outcome Y on an exposure X asks for the whole effect of X. What X causes must stay out of it: what lies on
the way from X to Y (a mediator) or is a sign of it, what X and Y both cause (a collider), and what X causes together
with another cause of Y (a collider too). So must whatever Y causes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files

from sarcoid_epi.vocabulary import readable

#: What is recorded of something that nobody sees: an effect of the one is no effect of the other, but stands for it.
SIGN_OF = {
    "lofgren_strict": "acute_onset",
    "lofgren_broad": "acute_onset",
    "osseous_recorded": "osseous",
    "new_osseous_record": "osseous",
    "hypercalcaemia": "hypercalcaemia_true",
    "serum_calcium_mmol_l": "hypercalcaemia_true",
    "hla_drb1_03": "hla_drb1_03_true",
    "muscle_symptomatic": "muscle_symptomatic_true",
    "sacroiliitis_mri": "sacroiliitis",
}

#: Arrows that no disease runs along: ages and dates that must fit together, and whether a value is there to be read.
BOOKKEEPING = frozenset(
    {
        ("delay_days", "diagnosis_age"),
        ("delay_days", "onset_date"),
        ("delay_days", "diagnosis_date"),
        ("diagnosis_age", "years_since_diagnosis"),
    }
)
MEASURED = frozenset({"drb1_typed", "calcium_measured", "urine_measured", "markers_measured", "vitamin_d_measured"})


@dataclass(frozen=True)
class Causes:
    """Direct causes by variable, from cause to effect.

    >>> causes().fault("lofgren_broad", "osseous_recorded", "age_at_diagnosis")
    ''
    >>> print(causes().fault("lofgren_broad", "osseous_recorded", "bone_pain"))
    'bone_pain' is a common effect of 'lofgren_broad' and 'osseous_recorded' (a collider)
    """

    direct: Mapping[str, frozenset[str]]

    def above(self, name: str) -> frozenset[str]:
        """All causes of a variable, and of what it is a sign of, at whatever remove."""
        return self._closed[name] | self._closed.get(SIGN_OF.get(name, ""), frozenset())

    def fault(self, exposure: str, outcome: str, adjusted: str) -> str:
        """Why a model of `outcome` on `exposure` must not condition on `adjusted`, or nothing.

        Parameters
        ----------
        exposure, outcome, adjusted : str
            Variables of the patient table. One that is not in the graph, as a user's own column, is never at fault.
        """
        if not {exposure, outcome, adjusted} <= self.direct.keys():
            return ""
        causes, effects = _meant(exposure), _meant(outcome)
        of_exposure = self.reach(adjusted) & causes
        of_outcome = self.reach(adjusted) & effects
        if of_exposure and of_outcome:
            return f"'{adjusted}' is a common effect of '{exposure}' and '{outcome}' (a collider)"
        if of_outcome:
            return f"'{adjusted}' is an effect of the outcome"
        if not of_exposure:
            return ""
        on_the_way = {name for name in self.above(outcome) - causes if self.above(name) & causes}
        if _meant(adjusted) & on_the_way:
            return f"'{adjusted}' lies on the way from '{exposure}' to '{outcome}' (a mediator)"
        if mediators := self.reach(adjusted) & on_the_way:
            return f"'{adjusted}' is a sign of {self._last(mediators)}, on the way from '{exposure}' (a mediator)"
        if shared := self._past(_meant(adjusted), causes) & self.above(outcome):
            return f"'{adjusted}' is a common effect of '{exposure}' and of {self._last(shared)} (a collider)"
        return ""

    def reach(self, adjusted: str) -> frozenset[str]:
        """What a variable tells of: its causes, what it is a sign of, and itself."""
        return self.above(adjusted) | _meant(adjusted)

    def _past(self, names: frozenset[str], without: frozenset[str]) -> frozenset[str]:
        """Causes at whatever remove of what is named, along ways that do not pass through `without`."""
        found: set[str] = set()
        open_ends = set(names)
        while open_ends:
            name = open_ends.pop()
            new = self.direct[name] - without - found
            found |= new
            open_ends |= new
        return frozenset(found)

    def _last(self, names: frozenset[str]) -> str:
        """Of several variables the one that most others stand above, in words."""
        return readable(max(names, key=lambda name: (len(self._closed[name]), name)))

    @cached_property
    def _closed(self) -> dict[str, frozenset[str]]:
        closed: dict[str, frozenset[str]] = {"": frozenset()}
        for name, direct in self.direct.items():  # causes stand before their effects
            closed[name] = direct.union(*(closed[cause] for cause in direct))
        return closed


def _meant(name: str) -> frozenset[str]:
    """A variable with what it is a sign of."""
    return frozenset({name, SIGN_OF[name]} if name in SIGN_OF else {name})


@lru_cache
def causes() -> Causes:
    """The causal graph of the generator."""
    text = files("sarcoid_epi.scenario").joinpath("causes.toml").read_text(encoding="utf-8")
    return Causes(
        {
            name: frozenset(cause for cause in direct if (cause, name) not in BOOKKEEPING and cause not in MEASURED)
            for name, direct in tomllib.loads(text).items()
        }
    )
