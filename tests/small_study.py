"""A study in a line, for tests that say what they change of it."""

from sarcoid_epi.scenario import Study


def study(**given):
    said = {"name": "s", "label": "S", "aims": "", "estimators": ["recorded_osseous"], "population": 2000}
    return Study(**{**said, **given})
