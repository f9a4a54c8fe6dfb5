"""The causal graph, its overview and the codebook say what the generator and the vocabulary say, and all of it."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sarcoid_epi.cohort.node import variable
from sarcoid_epi.cohort.steps import NODES, STEPS
from sarcoid_epi.documenting import documents, graph
from sarcoid_epi.documenting.codebook import sentence_of
from sarcoid_epi.documenting.graph import SMALLEST_FAMILY, standing
from sarcoid_epi.documenting.layout import panel
from sarcoid_epi.vocabulary import MODALITIES, ORGANS, PATIENT, PATIENT_BY_NAME, SITES, TRUTH, readable

DOCS = Path(__file__).parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def made():
    return documents()


@pytest.fixture(scope="module")
def drawn():
    return graph(STEPS)


@pytest.fixture(scope="module")
def panels(drawn):
    return {step: panel(drawn, step) for step in STEPS}


def test_the_documents_are_as_a_fresh_build_makes_them(made):
    for name, text in made.items():
        assert (DOCS / name).read_bytes() == text.encode("utf-8"), f"docs/{name} is out of date: make docs"


def test_two_builds_give_the_same_bytes(made):
    assert documents() == made


# --- the graph


def test_every_variable_is_in_one_box_of_its_step(drawn):
    assert list(drawn.steps) == list(STEPS)
    for step, nodes in STEPS.items():
        members = [name for box in drawn.steps[step] for name in box.members]
        assert sorted(members) == sorted(node.name for node in nodes)
    assert sorted(drawn.box_of) == sorted(node.name for node in NODES)


def test_every_cause_has_a_line_between_different_boxes(drawn):
    lines = {(line.cause, line.effect) for line in drawn.lines}
    wanted = {(drawn.box_of[parent].name, drawn.box_of[node.name].name) for node in NODES for parent in node.parents}
    assert lines == wanted
    assert all(cause != effect for cause, effect in lines)


def test_a_line_is_whole_when_every_member_of_both_boxes_has_to_do_with_it(drawn):
    pairs = {(parent, node.name) for node in NODES for parent in node.parents}
    for line in drawn.lines:
        causes, effects = drawn.box_of[line.cause].members, drawn.box_of[line.effect].members
        of_all = all(any((cause, effect) in pairs for effect in effects) for cause in causes)
        to_all = all(any((cause, effect) in pairs for cause in causes) for effect in effects)
        assert line.whole == (of_all and to_all)


def test_the_boxes_lead_in_no_circle(drawn):
    waiting = {box.name: set() for boxes in drawn.steps.values() for box in boxes}
    for line in drawn.lines:
        waiting[line.effect].add(line.cause)
    while free := [name for name, causes in waiting.items() if not causes & waiting.keys()]:
        waiting = {name: causes for name, causes in waiting.items() if name not in free}
    assert not waiting


def test_the_members_of_a_box_stand_alike(drawn):
    for boxes in drawn.steps.values():
        for box in boxes:
            assert {standing(name) for name in box.members} == {box.standing}
            assert len(box.members) == 1 or len(box.members) >= SMALLEST_FAMILY


def chance(name, *parents):
    """A variable with a chance of its own."""
    return variable(lambda u, *causes: u, name, parents)


def other(name, *parents):
    return variable(lambda u, *causes: u + 1, name, parents)


def boxes_of(*nodes):
    return [box.members for box in graph({"one": nodes}).steps["one"]]


@pytest.mark.parametrize(
    ("names", "words", "count"),
    [
        ([f"dose_{m}" for m in MODALITIES], "dose", f"{len(MODALITIES)} modalities"),
        ([f"dose_{s}_seen" for s in SITES], "dose seen", f"{len(SITES)} sites"),
        ([f"{s}_dose" for s in SITES], "dose", f"{len(SITES)} sites"),
        (list(ORGANS), "organs", f"{len(ORGANS)} variables"),
    ],
)
def test_a_family_is_called_by_what_its_names_share_and_counted_in_words_of_the_vocabulary(names, words, count):
    (box,) = graph({"one": [chance(name) for name in names]}).steps["one"]
    assert (set(box.members), box.words, box.count) == (set(names), words, count)


def test_what_one_maker_makes_is_a_family_when_the_names_are_alike():
    assert boxes_of(*(chance(f"dose_{k}") for k in "abc")) == [("dose_a", "dose_b", "dose_c")]
    assert boxes_of(*(chance(f"{k}_dose") for k in "abc")) == [("a_dose", "b_dose", "c_dose")]
    assert boxes_of(chance("one"), chance("two"), chance("three")) == [("one",), ("two",), ("three",)]
    assert boxes_of(chance("dose_a"), chance("dose_b")) == [("dose_a",), ("dose_b",)]


def test_members_that_cause_each_other_stand_apart():
    """Three first doses, and three second ones that follow from them through something else."""
    first = [chance(f"dose_{k}") for k in "abc"]
    between = [other("effect", "dose_a", "dose_b")]
    second = [chance(f"dose_{k}", "dose_a", "effect") for k in "def"]
    assert boxes_of(*first, *between, *second) == [
        ("dose_a", "dose_b", "dose_c"),
        ("effect",),
        ("dose_d", "dose_e", "dose_f"),
    ]
    chain = [chance("dose_a"), chance("dose_b", "dose_a"), chance("dose_c", "dose_b")]
    assert boxes_of(*chain) == [("dose_a",), ("dose_b",), ("dose_c",)]


def test_families_that_would_cause_each_other_fall_apart():
    nodes = [chance("dose_a"), other("need_a", "dose_a"), other("need_b"), chance("dose_b", "need_b")]
    nodes += [chance("dose_c"), other("need_c"), other("need_d")]
    boxes = boxes_of(*nodes)
    assert ("need_a", "need_b", "need_c", "need_d") in boxes
    assert {("dose_a",), ("dose_b",), ("dose_c",)} <= set(boxes)


# --- the drawing


def test_every_line_is_drawn_into_the_panel_of_its_effect(drawn, panels):
    for step, laid in panels.items():
        curves = [(curve.cause, curve.effect) for curve in laid.curves if curve.effect]
        lines = [(line.cause, line.effect) for line in drawn.lines if drawn.box_of[line.effect].step == step]
        assert sorted(curves) == sorted(lines)


def test_lines_run_from_left_to_right_and_no_box_covers_another(panels):
    for laid in panels.values():
        assert all(curve.start[0] < curve.end[0] for curve in laid.curves)
        places = sorted(laid.places.values(), key=lambda place: (place.x, place.y))
        for above, below in pairwise(places):
            assert above.x != below.x or above.y + above.height < below.y + 1e-6
        assert all(place.x >= 0 and place.y >= -1e-6 for place in places)


def titles(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}title")]


def test_the_drawing_has_each_arrow_each_box_and_each_way_in(made, drawn, panels):
    said = titles(made["causal_graph.svg"])
    assert len([title for title in said if " → " in title]) == len(drawn.lines)
    entries = [entry for laid in panels.values() for entry in laid.entries(drawn)]
    assert len([title for title in said if title.startswith("from step ")]) == len(entries)
    told = " ".join(said)
    assert not [node.name for node in NODES if node.name not in told]


def test_the_overview_counts_the_lines_between_steps(made, drawn):
    counts = [int(t.rpartition(": ")[2]) for t in titles(made["causal_overview.svg"]) if " → " in t]
    steps = [(drawn.box_of[line.cause].step, drawn.box_of[line.effect].step) for line in drawn.lines]
    assert sum(counts) == sum(cause != effect for cause, effect in steps)


@pytest.mark.parametrize("name", ["causal_graph.svg", "causal_overview.svg"])
def test_a_drawing_is_whole_xml_that_says_what_it_is_and_leads_nowhere(made, name):
    root = ElementTree.fromstring(made[name])
    assert root[0].tag == f"{SVG}title"
    assert root[1].tag == f"{SVG}desc"
    assert root[0].text
    assert root[1].text
    assert set(root.attrib["aria-labelledby"].split()) == {root[0].attrib["id"], root[1].attrib["id"]}
    assert made[name].count("http") == 1  # the name of SVG itself
    for word in ("<style", "<script", "<image", "href", "nan", "inf "):
        assert word not in made[name]


# --- the codebook


def entries(text):
    """The lines of each entry, by the name in its heading."""
    return dict(re.findall(r"^### `(\w+)`\n\n(.*?)\n(?:\n|$)", text, re.DOTALL | re.MULTILINE))


def test_the_codebook_names_every_variable_once(made):
    headings = re.findall(r"^### `(\w+)`$", made["codebook.md"], re.MULTILINE)
    names = {variable.name for variable in (*PATIENT, *TRUTH)} | {node.name for node in NODES}
    assert sorted(headings) == sorted(names)


def test_an_entry_tells_label_levels_limits_and_causes(made):
    told = entries(made["codebook.md"])
    for each in (*TRUTH, *PATIENT):
        entry = told[each.name]
        assert f"**{PATIENT_BY_NAME.get(each.name, each).label}**" in entry
        assert all(f"`{level}`" in entry for level in each.levels)
        assert not each.unit or each.unit in entry
        assert all(f"{limit:g}" in entry for limit in (each.low, each.high) if limit is not None)
        assert ("*required*" in entry) == (each.required and each.name in PATIENT_BY_NAME) or each.latent
    for node in NODES:
        assert all(f"[{parent}](#{parent})" in told[node.name] for parent in node.parents)
        assert sentence_of(node) in told[node.name]


def test_a_sentence_is_the_functions_own_or_its_makers():
    def maker(name):
        """Not to be found from outside a function."""
        return variable(lambda u: u, name)

    def own(u):
        """A sentence of its own.

        And more.
        """
        return u

    assert sentence_of(variable(own)) == "A sentence of its own."
    assert sentence_of(maker("x")) == ""
    assert sentence_of(chance("x")) == "A variable with a chance of its own."


def test_words_in_the_drawing_are_names_that_the_codebook_has(made, drawn):
    names = {readable(name) for name in entries(made["codebook.md"])}
    singles = [box.words for boxes in drawn.steps.values() for box in boxes if len(box.members) == 1]
    assert set(singles) <= names
