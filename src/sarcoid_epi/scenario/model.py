"""A model of association or prognosis, declared in a few lines: what is explained, by what, given what."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sarcoid_epi.scenario.causes import causes
from sarcoid_epi.scenario.declared import load_declared
from sarcoid_epi.vocabulary import PATIENT_BY_NAME

#: How an outcome is modelled, and what the numbers of its exposures are.
FAMILIES = {
    "logistic": "odds_ratio",
    "firth": "odds_ratio",
    "prevalence_ratio": "prevalence_ratio",
    "log_binomial": "prevalence_ratio",
    "gee": "odds_ratio",
    "proportional_odds": "odds_ratio",
    "multinomial": "odds_ratio",
    "cox": "hazard_ratio",
}

Family = Literal[
    "logistic", "firth", "prevalence_ratio", "log_binomial", "gee", "proportional_odds", "multinomial", "cox"
]
#: Families whose outcome may be a category.
SEVERAL = ("proportional_odds", "multinomial")

#: Categories whose levels rise in their order.
ORDERED = frozenset({"era", "scadding_stage", "joint", "ace_genotype", "osseous_grade", "substudy_stratum"})

Names = tuple[str, ...]

#: Families that take weights, make weights of selection, and are fitted to imputed patients; a Cox model with weights
#: is answered by a sentence of its own.
WEIGHED = ("logistic", "prevalence_ratio")
IMPUTED = ("logistic", "firth", "prevalence_ratio", "log_binomial")

#: Between two names of `selected_by` whose product stands in the model of selection.
TIMES = " x "


class Model(BaseModel):
    """What a regression is of.

    `outcome` is explained by `exposures`, all in one model, given `adjust`. `splines` gives numbers a restricted
    cubic spline with so many knots; `interactions` are pairs of exposures and others; `reference` names levels to
    compare with, of the outcome too for `multinomial`. `cluster` makes errors robust to likeness within its groups
    (the centres, for `gee`); `weights` names a column of weights. `missing` is "complete" (patients with everything
    known) or "impute": then each missing value is drawn `imputations` times from what the model's variables and
    those of `impute_with` say of it. `selected` is a flag of those in the analysis and `selected_by` what selection
    turns on (names, or products such as "fever x cough"), known in everybody; neither this nor `impute_with` is
    held to the causal graph. A Cox model has `time` (years from diagnosis), `since` (years from diagnosis to when
    the patient comes to be at risk, else diagnosis itself), `entry` (years from diagnosis to when the study met the
    patient) and `competing` events, which end follow-up. Its clock may `start` later than at 0: whoever has left by
    then is out. Patients `without` are those who have none of these flags. `strata` are columns whose levels have
    hazards of their own; at the years of `split` effects may change. `accept` gives, by variable, the reason for
    conditioning on what the causal graph forbids.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    name: str
    label: str
    outcome: str
    exposures: Names = Field(min_length=1)
    adjust: Names = ()
    family: Family = "logistic"
    splines: dict[str, Annotated[int, Field(ge=3, le=7)]] = {}
    interactions: tuple[tuple[str, str], ...] = ()
    reference: dict[str, str] = {}
    cluster: str = ""
    weights: str = ""
    missing: Literal["complete", "impute"] = "complete"
    imputations: Annotated[int, Field(ge=2, le=1000)] = 20
    impute_with: Names = ()
    selected: str = ""
    selected_by: Names = ()
    time: str = ""
    since: str = ""
    entry: str = ""
    competing: Names = ()
    start: Annotated[float, Field(ge=0)] = 0.0
    split: tuple[Annotated[float, Field(gt=0)], ...] = ()
    strata: Names = ()
    without: Names = ()
    accept: dict[str, str] = {}

    @property
    def measure(self) -> str:
        """What the number of an exposure is."""
        return FAMILIES[self.family]

    @property
    def question(self) -> str:
        """The question that the model belongs to."""
        return "prognosis" if self.family == "cox" else "association"

    @property
    def explaining(self) -> Names:
        """Exposures, then what is adjusted for."""
        return (*self.exposures, *self.adjust)

    @property
    def columns(self) -> Names:
        """Every column of the analysis: a patient who lacks one of them is not in it, unless values are imputed."""
        named = (self.outcome, *self.explaining, self.cluster, self.weights, self.time, self.since, self.entry)
        named += (*self.competing, *self.strata, *self.without, self.selected)
        return tuple(dict.fromkeys(filter(None, named)))

    @property
    def beside(self) -> Names:
        """Columns that models beside the analysis read: of selection, and of what is imputed."""
        return tuple(dict.fromkeys((*self.selecting, *self.impute_with)))

    @property
    def selecting(self) -> Names:
        """The variables that selection turns on."""
        return tuple(name for name in self.selected_by if TIMES not in name)

    @property
    def imputing(self) -> bool:
        """Whether missing values are drawn."""
        return self.missing == "impute"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        twice = {name for name in self.explaining if self.explaining.count(name) > 1}
        if twice:
            raise ValueError(f"'{sorted(twice)[0]}' stands twice among exposures and adjust; keep one")
        if again := [name for name in self.strata if name in self.explaining]:
            raise ValueError(f"'{again[0]}' stands among strata and among what explains; keep one")
        if self.outcome in self.competing:
            raise ValueError(f"the outcome '{self.outcome}' stands among what competes with it; delete it there")
        if why := self._of_kinds():
            raise ValueError(why)
        if self.outcome in (*self.explaining, *self.strata):
            raise ValueError(f"the outcome '{self.outcome}' stands among what explains it; delete it there")
        named = {**self.splines, **self.reference, **dict.fromkeys(name for pair in self.interactions for name in pair)}
        if self.family == "multinomial":
            named.pop(self.outcome, "")
        lost = [name for name in named if name not in self.explaining]
        if lost:
            raise ValueError(f"'{lost[0]}' is no exposure and not adjusted for; add it to one of them")
        pairs = [frozenset(pair) for pair in self.interactions]
        if any(len(pair) < 2 for pair in pairs) or len({*pairs}) < len(pairs):
            raise ValueError("an interaction is of two different variables, each two once; correct 'interactions'")
        for name in self.splines:
            if PATIENT_BY_NAME.get(name) and PATIENT_BY_NAME[name].kind not in ("integer", "number"):
                raise ValueError(f"'{name}' is no number, and a spline needs one; delete it under splines")
        idle = [name for name in self.accept if name not in (*self.explaining, *self.strata)]
        if idle:
            raise ValueError(f"'{idle[0]}' is accepted, but the model does not condition on it; delete it")
        if any(not reason.strip() for reason in self.accept.values()):
            raise ValueError("what is accepted needs a reason; write one")
        if (self.family == "cox") != bool(self.time):
            mend = "give 'time', the column of years" if self.family == "cox" else "delete 'time', or make it 'cox'"
            raise ValueError(f"a model of family '{self.family}' and time do not fit; {mend}")
        timed = {"start": self.start, "split": self.split, "strata": self.strata, "without": self.without}
        if self.family != "cox" and (lost := [name for name, value in timed.items() if value]):
            raise ValueError(f"'{lost[0]}' is of a model of time; delete it, or make the family 'cox'")
        if list(self.split) != sorted({*self.split}) or any(at <= self.start for at in self.split):
            raise ValueError("the years of 'split' must rise from the start; put them in order")
        if why := self._of_weights() or self._of_missing():
            raise ValueError(why)
        if self.family == "gee" and not self.cluster:
            raise ValueError("family 'gee' needs 'cluster', the column of the groups; give it")
        if self.family in SEVERAL and self.cluster:
            raise ValueError(f"a model of family '{self.family}' takes no cluster; delete 'cluster', or take 'gee'")
        kind = PATIENT_BY_NAME[self.outcome].kind if self.outcome in PATIENT_BY_NAME else ""
        if self.family == "proportional_odds" and kind == "category" and self.outcome not in ORDERED:
            raise ValueError(f"the levels of '{self.outcome}' have no order; take the family 'multinomial'")
        return self

    def _of_kinds(self) -> str:
        """Which column of the codebook is not of the kind that its place in the model asks for."""

        def kind(name: str) -> str:
            return PATIENT_BY_NAME[name].kind if name in PATIENT_BY_NAME else ""

        for key in ("time", "since", "entry", "weights"):
            if (name := getattr(self, key)) and kind(name) not in ("", "integer", "number"):
                return f"'{name}' is no number, and '{key}' needs one; name another column"
        for name in (*self.explaining, *self.strata, *filter(None, [self.cluster])):
            if kind(name) == "identifier":
                return f"'{name}' is another one in every patient; delete it"
            if kind(name) == "date":
                return (
                    f"'{name}' is a date, of which nobody has a ratio; take a number of years, or a category as 'era'"
                )
        return ""

    def _of_weights(self) -> str:
        """What is wrong with weights, or with selection."""
        if self.weights and self.family not in (*WEIGHED, "cox"):
            why = f"weights do not go with family '{self.family}', whose limits rest on its likelihood"
            return f"{why}; make the family 'logistic' or 'prevalence_ratio', or delete 'weights'"
        if bool(self.selected) != bool(self.selected_by):
            return "'selected' and 'selected_by' need each other; give both, or delete the one"
        if not self.selected:
            return ""
        if self.family not in WEIGHED:
            return f"'selected' does not go with family '{self.family}'; make it 'logistic' or 'prevalence_ratio'"
        if self.weights:
            return "'selected' makes weights of its own; delete 'weights'"
        if self.selected in (self.outcome, *self.explaining, *self.selected_by):
            return f"'{self.selected}' says who is in the analysis and cannot stand in it too; delete it there"
        parts = {name for entry in self.selected_by for name in entry.split(TIMES)}
        if lost := sorted(parts - {*self.selecting}):
            return f"'{lost[0]}' stands in a product of 'selected_by' and not by itself; add it"
        if any(entry.count(TIMES) > 1 for entry in self.selected_by):
            return "a product in 'selected_by' is of two; write one for each pair"
        return ""

    def _of_missing(self) -> str:
        """What is wrong with what is said of missing values."""
        if self.impute_with and not self.imputing:
            return "'impute_with' is of missing values that are imputed; delete it, or give missing = \"impute\""
        if not self.imputing:
            return ""
        if self.family not in IMPUTED:
            return f"values are not imputed for family '{self.family}'; delete 'missing'"
        if self.weights or self.selected:
            named = "weights" if self.weights else "selected"
            return f"'{named}' and imputed values are not taken together; delete one of the two"
        if twice := [name for name in self.impute_with if name in self.columns]:
            return f"'{twice[0]}' stands in the model and so in every imputation already; delete it under 'impute_with'"
        return ""

    @property
    def said(self) -> str:
        """The model in words: what is explained by what, given what, and what was accepted for which reason."""
        given = f" given {', '.join(self.adjust)}" if self.adjust else ""
        given += f", hazards of their own by {', '.join(self.strata)}" if self.strata else ""
        given += f", from year {self.start:g} on" if self.start else ""
        given += f", patients of one {self.cluster} being alike" if self.cluster else ""
        given += f", weighted by {self.weights}" if self.weights else ""
        given += f", among those with {self.selected}, which turns on {', '.join(self.selected_by)}" * bool(
            self.selected
        )
        given += f", missing values imputed {self.imputations} times" if self.imputing else ""
        given += f" (also from {', '.join(self.impute_with)})" if self.impute_with else ""
        accepted = "".join(f"; conditions on {name} because {why}" for name, why in self.accept.items())
        of = (
            f"{self.outcome} against {self.reference[self.outcome]}" if self.outcome in self.reference else self.outcome
        )
        return f"model '{self.name}' ({self.family}): {of} by {', '.join(self.exposures)}{given}{accepted}"

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the causal graph forbids what the model conditions on; what is accepted with a reason is left out."""
        graph = causes()
        return tuple(
            fault
            for exposure in self.exposures
            for other in (*self.explaining, *self.strata)
            if other != exposure and other not in self.accept
            if (fault := graph.fault(exposure, self.outcome, other))
        )


def load_model(name: str) -> Model:
    """The model of a shipped name or of a TOML file.

    Raises
    ------
    ConfigurationError
        When the file is not there or contradicts itself; every problem at once.
    """
    return load_declared(Model, "model", name)
