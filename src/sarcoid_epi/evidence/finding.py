"""One paper (`Source`) and one number it prints (`Finding`), with every doubt about that number kept as data."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = {
    "review": "a review whose figures are quotations",
    "study": "a paper with patients of its own",
    "standard": "a code list, a laboratory reference or a guideline",
    "method": "a statistical paper an estimator rests on",
}

CHECKED = {
    "full text": "the whole paper was read",
    "abstract": "the abstract was read, not the paper",
    "excerpt": "a page or table showing part of the paper was read",
    "second-hand": "the figure was read in another text that quotes it",
    "citation": "the bibliographic record only; no figure is taken from it",
}

MEASURES = {
    "proportion": "share of patients, between 0 and 1",
    "range_of_proportions": "lowest and highest share",
    "count": "a number of patients or events without a denominator of its own",
    "ratio": "one number over another, not a share",
    "odds_ratio": "odds ratio",
    "hazard_ratio": "hazard ratio",
    "difference": "difference of means, standardised where the unit says so",
    "correlation": "correlation coefficient",
    "rate": "cases per population",
    "range_of_rates": "lowest and highest rate",
    "value": "a mean, a median or another single value",
    "range_of_values": "lowest and highest value",
    "lower_bound": "at least this much",
    "upper_bound": "at most this much",
    "direction": "which way a difference or an association points",
    "list_item": "an entry of a list, neither number nor direction",
    "definition": "what a term means in this text",
    "code": "an identifier in a coding system",
}

TOPICS = {
    "occurrence": "incidence and prevalence of the disease",
    "demography": "sex, age, ancestry, place",
    "organ": "organ involvement other than bone",
    "musculoskeletal": "joint, muscle and bone taken together",
    "arthritis": "joints and tendons",
    "myopathy": "muscle",
    "axial": "joints of the spine and sacroiliac joints",
    "lofgren": "Löfgren syndrome",
    "osseous": "how often bone is involved, and with what symptoms",
    "osseous_site": "which bones, and what the lesions look like",
    "osseous_companion": "what goes with bone involvement",
    "calcium": "calcium and vitamin D",
    "bone_density": "bone mineral density and fracture",
    "biomarker": "serum markers",
    "detection": "how well a method finds or tells apart",
    "diagnosis": "how the disease itself is established",
    "differential": "what looks like it",
    "treatment": "drugs, and who gets them",
    "course": "remission, relapse, delay, new manifestations",
    "definition": "criteria of organ involvement",
    "code": "coding systems",
    "method": "an example used by a statistical method",
}

ASCERTAINMENTS = {
    "": "not stated, or not a finding of search",
    "clinical": "clinical assessment of an organ by a checklist or instrument",
    "records": "search of records or inquiry to clinicians",
    "film": "radiographs",
    "ct": "computed tomography",
    "mri": "magnetic resonance imaging",
    "pet": "FDG positron emission tomography",
    "ultrasound": "ultrasound",
    "any imaging": "whatever imaging had been done",
    "biopsy or imaging": "biopsy or imaging, whichever showed it",
    "histology": "tissue",
    "laboratory": "blood or urine",
    "registry": "population or hospital register",
    "questionnaire": "report by participants, confirmed or not",
    "review of series": "a statement over several series",
}

UNITS = {
    "": "", "proportion": "", "per_100000": "per 100 000", "per_100000_per_year": "per 100 000 per year",
    "female_per_male": "women per man", "male_per_female": "men per woman",
    "white_per_black": "White per Black patient",
    "patients": "patients", "cases": "cases", "lesions": "lesions", "hospitalisations": "hospitalisations",
    "series": "series", "years": "years", "months": "months", "weeks": "weeks", "calendar_year": "calendar year",
    "mg_per_day": "mg per day", "mg_per_24h": "mg per 24 h", "units_per_litre": "U/L",
    "nmol_per_ml_per_hour": "nmol/mL/h", "times_upper_limit": "times the upper limit of normal",
    "standard_deviations": "standard deviations", "odds_ratio": "", "hazard_ratio": "", "correlation": "",
    "chi_squared": "(chi-squared)", "p_value": "(p-value)", "times": "times",
    "ICD-10-CM": "(ICD-10-CM)", "ICD-10": "(ICD-10)", "ICD-9-CM": "(ICD-9-CM)", "SNOMED": "(SNOMED CT)",
    "OMOP": "(OMOP concept)", "LOINC": "(LOINC)",
}  # fmt: skip

DIRECTIONS = {
    "": "no direction",
    "more": "more, higher, raised, or a positive association",
    "less": "less, lower, or a negative association",
    "no difference": "no difference or no association",
    "majority": "in most of those spoken of",
    "minority": "in few of those spoken of",
    "commonest": "the most frequent of its kind",
}

FLAGS = {
    "arithmetic_conflict": "the printed percentage does not follow from the printed counts",
    "unreachable": "no whole number of the stated patients gives the printed percentage; another denominator was used",
    "ambiguous_denominator": "the text does not say of whom this is a share",
    "suspect_value": "probably not the number that was meant",
    "inconsistent": "contradicted by another statement of the same text",
    "definitional": "true at least in part by definition, not by observation",
    "unquantified": "a claim of size or frequency without a number",
    "concept_error": "the epidemiological term used does not fit what was measured",
    "typo": "contains a misprint",
    "terminology": "uses a term in a sense it does not have",
    "derived": "put together from other figures of the same text",
    "derived_counts": "counts worked back from the printed percentage; they are the only ones that give it",
    "inferred_events": "the number of events is not printed; it is the only whole number that fits",
    "mismatch_with_primary": "the paper quoted says something else",
    "combined_category": "counts something else together with what it is quoted for",
    "constraint": "limits what may be assumed rather than giving a value",
    "pair_check": "to be read together with another figure of the same text",
}

# A figure carrying one of these is shown but never averaged with others.
NOT_POOLED = (
    "arithmetic_conflict",
    "unreachable",
    "ambiguous_denominator",
    "suspect_value",
    "concept_error",
    "definitional",
    "mismatch_with_primary",
    "combined_category",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One paper. Empty text means unknown, never "none"; `cohort` is the name its patients are known by."""

    key: str
    kind: str
    checked: str
    authors: str = ""
    year: int | None = None
    title: str = ""
    citation: str = ""
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    url: str = ""
    cohort: str = ""
    shares_patients_with: tuple[str, ...] = ()
    note: str = ""

    @property
    def reference(self) -> str:
        """Authors, year, title, journal and identifier in one line, leaving out what is unknown."""
        who = f"{self.authors or self.key} ({self.year})" if self.year else self.authors or self.key
        parts = [who, self.title, self.citation, f"doi:{self.doi}" if self.doi else ""]
        parts.append(f"PMID {self.pmid}" if self.pmid and not self.doi else "")
        return ". ".join(part.rstrip(".") for part in parts if part) + "."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One figure or one direction, as one paper states it.

    `printed` is the figure as transcribed from the place read, empty where only counts stood; `events`, `n`,
    `value`, `low`, `high` are the same as numbers (shares in [0, 1]). `secondary` names the paper the figure is
    quoted from: the key of a source, or a reference number of the quoting text where that paper could not be
    identified. `conflict` is computed on load.
    """

    id: str
    source: str
    quantity: str
    measure: str
    topic: str
    variable: str = ""
    population: str = ""
    ascertainment: str = ""
    setting: str = ""
    denominator: str = ""
    printed: str = ""
    events: int | None = None
    n: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    conf_low: float | None = None
    conf_high: float | None = None
    conf_level: float | None = None
    direction: str = ""
    where: str = ""
    secondary: str = ""
    checked: str = ""
    flags: tuple[str, ...] = ()
    conflict: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """The id without the key of its source."""
        return self.id.removeprefix(f"{self.source}.")

    @property
    def has_counts(self) -> bool:
        """Whether this is a proportion with both numerator and denominator."""
        return self.measure == "proportion" and self.events is not None and self.n is not None

    @property
    def share(self) -> float | None:
        """The best point value of a proportion: events / n where both stand, else the stated value, else None.

        Where the printed percentage disagrees with the counts, the counts are believed here (a percentage is made from
        counts, not the other way round); the disagreement stays in `conflict`, and such a finding is never pooled.
        """
        if self.measure != "proportion":
            return None
        if self.events is not None and self.n is not None:
            return self.events / self.n
        return self.value

    @property
    def implied_counts(self) -> tuple[int, int] | None:
        """Events and n of a stated percentage beside which only one of them stands; the other follows from it.

        n = round(events / value), events = round(value * n): 20 and 1.5 % imply 20/1333, 15 % of 195 imply 29/195.
        None for anything else, and where no whole number of the patients gives the percentage (flag `unreachable`).

        Derived, never printed: neighbouring counts may round to the same percentage, so it is only ever drawn and
        marked as implied, and never pooled.
        """
        if self.measure != "proportion" or self.value is None or "unreachable" in self.flags:
            return None
        if self.events is None and self.n is not None:
            return round(self.value * self.n), self.n
        if self.n is None and self.events and self.value:
            return self.events, round(self.events / self.value)
        return None

    @property
    def why_not_pooled(self) -> str:
        """The first reason why this figure must not be averaged with others; empty when it may be."""
        if self.measure != "proportion":
            return f"not a proportion ({self.measure.replace('_', ' ')})"
        if self.events is None or self.n is None:
            return "numerator or denominator unknown"
        if self.secondary:
            return f"a quotation ({self.secondary}): the paper quoted counts, and only once"
        barred = [flag for flag in NOT_POOLED if flag in self.flags]
        return FLAGS[barred[0]] if barred else ""

    @property
    def poolable(self) -> bool:
        """Whether this is a first-hand proportion with counts and no doubt that forbids averaging it.

        Says nothing about overlap between series; that is what `independent` is for.
        """
        return not self.why_not_pooled

    def exact_interval(self, level: float = 0.95, *, implied: bool = False) -> tuple[float, float] | None:
        """Exact (Clopper-Pearson) limits of events / n; None where counts are missing.

        Where counts are missing and `implied` is set, the limits are those of `implied_counts`.

        With x events of n and a = 1 - level, the limits are the a/2 quantile of Beta(x, n - x + 1) and the 1 - a/2
        quantile of Beta(x + 1, n - x); 0 when x = 0 and 1 when x = n.

        Assumes the n patients are independent draws and x was counted without error. [clopper1934]
        """
        counts = self.implied_counts if implied else None
        if self.has_counts and self.events is not None and self.n is not None:
            counts = self.events, self.n
        if counts is None:
            return None
        events, n = counts
        # Three lines stand here instead of a call to `stats`: evidence may import vocabulary and errors only, and
        # scipy is imported late so that listing the evidence stays quick.
        from scipy.special import betaincinv

        tail = (1 - level) / 2
        low = 0.0 if events == 0 else float(betaincinv(events, n - events + 1, tail))
        high = 1.0 if events == n else float(betaincinv(events + 1, n - events, 1 - tail))
        return low, high
