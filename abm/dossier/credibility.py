"""The assessment of a model's credibility that regulators ask for: what a person answers, and what was measured.

*References*: ICH2026 (M15, model-informed drug development), FDA2023 (credibility of computational modelling),
ASME2018 (V&V 40, credibility in proportion to risk).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from abm.core.version import __version__
from abm.dossier import checkout, facts
from abm.dossier.answers import LEVELS, MEASURES, RISK, Answers, Criterion
from abm.dossier.measured import Fact, Measured
from abm.dossier.pages import Page
from abm.dossier.told import of_class
from abm.evidence.claim import claims
from abm.plot.page.html import Cell, Row, Section, Table
from abm.plot.page.wording import number
from abm.results.provenance import commit
from abm.scenario.kinds import PROCESSES
from abm.scenario.parameters import walk
from abm.scenario.references import references

OPEN = facts.OPEN
ABOUT = "Credibility of the model for one question, as ICH M15, the FDA guidance on computational models (2023) and "
ABOUT += "ASME V&V 40 ask for it. Risk: {risk}. Criteria: {criteria}. Open: {n_open}."
EQUATIONS = "Equations: closed solutions, differential equations, exact stochastic simulation and a second program in "
EQUATIONS += "plain Python stand against the simulator in tests/reference and tests/verification."
GROUP = "Claims of the group {group}. “Fit” and “decide” may be calibrated on, a “goal” never; a “prediction” was not "
GROUP += "told to the sets that ship, but a calibration may learn from it: then only papers left out are external."
GUIDANCE = ("ASME2018", "FDA2023", "ICH2026")
VERDICTS = {"✓ pass": "passed", "✗ fail": "failed", "? not measured": "not measured"}
KINDS = ("assumed", "fitted", "design")
WORDS = {measure.name: measure.words for measure in MEASURES}


@dataclass(frozen=True)
class Assessed:
    """Answers and what was measured, put together.

    Attributes
    ----------
    answers_file : str
        Where the answers stand, or should.
    """

    of: Measured
    answers: Answers
    answers_file: str
    open_: list[str] = field(default_factory=list)

    @cached_property
    def facts(self) -> dict[str, list[Fact]]:
        """Facts by the heading below which they stand."""
        return {
            "code": list(facts.of_code(self.of)),
            "calculations": list(facts.of_calculation(self.of)),
            "calibration": list(facts.of_fits(self.of)),
            "validation": list(facts.of_claims(self.of)),
            "robustness": [*facts.of_size(self.of), *facts.of_studies(self.of)],
            "alternatives": list(facts.of_comparisons(self.of)),
            "simulations": list(facts.of_run(self.of)),
        }

    def answer(self, *names: str) -> list[str]:
        """Return the texts of answers, and for an empty one that it is open."""
        return [self._answer(name) for name in names]

    def _answer(self, name: str) -> str:
        text = getattr(self.answers, name)
        if text:
            return text
        self.open_.append(name)
        asked = str(type(self.answers).model_fields[name].description).rpartition(": ")[2]
        return f"✗ open: ``{name}`` in {self.answers_file}. {asked[0].upper()}{asked[1:]}"

    def table(self, found: Iterable[Fact], title: str = "") -> Table:
        """Return facts as a table; of what is missing the command that would fill it."""
        rows: list[Row] = []
        for fact in found:
            self.open_.extend([fact.words] if fact.value == OPEN else [])
            value = Cell(fact.value, fact.note) if fact.note else fact.value
            rows.append([fact.words, value, Cell(fact.command, look="code"), fact.date, Cell(fact.hash, look="code")])
        header = ("What", "Found", "Command", "Date", "Hash")
        return Table(rows, header, look="words", title=title)


def assess(of: Measured, answers: Answers, answers_file: str) -> Page:
    """Return the assessment of a scenario."""
    own = Assessed(of, answers, answers_file)
    parts = (_question, _context, _influence, _consequence, _risk, _impact, _criteria, _appropriateness, _data,
             _assumptions, _verification, _calibration, _validation, _applicability, _robustness, _simulations,
             _deviations, _outcome)  # fmt: skip
    sections = [part(own) for part in parts]
    verdicts = Counter(verdict(own, one)[0] for one in answers.criteria)
    lead = ABOUT.format(
        risk=answers.risk or "open",
        criteria=", ".join(f"{verdicts[word]} {words}" for word, words in VERDICTS.items()) if verdicts else "none set",
        n_open=len(own.open_),
    )
    return Page(f"{of.scenario.title or of.scenario.name}: credibility of the model", lead, sections)


def _question(own: Assessed) -> Section:
    asks = [f"The scenario asks: {own.of.scenario.question}"] if own.of.scenario.question else []
    return Section("Question of interest", [*own.answer("question"), *asks])


def _context(own: Assessed) -> Section:
    limits = "What the model is not for: advice on doses or on the treatment of any patient."
    return Section("Context of use", [*own.answer("context"), limits])


def _influence(own: Assessed) -> Section:
    return Section("Model influence", _level(own, "influence"))


def _consequence(own: Assessed) -> Section:
    return Section("Consequence of a wrong decision", _level(own, "consequence"))


def _impact(own: Assessed) -> Section:
    return Section("Model impact", _level(own, "impact"))


def _level(own: Assessed, name: str) -> list[str]:
    found = own.answer(name, f"{name}_because")
    return [found[0] if found[0].startswith("✗") else f"{found[0].capitalize()}.", found[1]]


def _risk(own: Assessed) -> Section:
    at, risk = (own.answers.influence, own.answers.consequence), own.answers.risk
    rows: list[Row] = []
    for influence in LEVELS:
        cells = [(RISK[influence, consequence], (influence, consequence) == at) for consequence in LEVELS]
        rows.append([influence, *(Cell(f"{word}: here", look="strong") if here else word for word, here in cells)])
    header = ("Influence", *(f"Consequence {one}" for one in LEVELS))
    text = f"Risk is {risk}: influence {at[0]}, consequence {at[1]}." if risk else "✗ open: risk follows from both."
    return Section("Model risk", [text], tables=[Table(rows, header, look="words")])


def _criteria(own: Assessed) -> Section:
    rows: list[Row] = [
        [WORDS[one.measure], one.limit, one.because or "no reason given"] for one in own.answers.criteria
    ]
    if not rows:
        own.open_.append("criteria")
        text = (
            f"✗ open: ``criteria`` in {own.answers_file}: what must hold, with a number, set before results are known."
        )
        return Section("Technical criteria", [text], tables=[_measures()])
    text = "Set in advance; part 18 holds them against what was measured."
    return Section("Technical criteria", [text], tables=[Table(rows, ("What", "Limit", "Why"), look="words")])


def _measures() -> Table:
    rows: list[Row] = [[Cell(name, look="code"), words] for name, words in WORDS.items()]
    return Table(rows, ("Measure", "What it is"), look="words", title="What can be asked for")


def _appropriateness(own: Assessed) -> Section:
    scenario = own.of.scenario
    counts = ", ".join(f"{n:,} {name}" for name, n in scenario.counts().items())
    text = f"Agents: {counts} in {scenario.space.where}; {len(scenario.processes)} mechanisms, each with its sources: "
    text += f"``abm odd {own.of.file}`` describes all of them."
    return Section("Appropriateness", [*own.answer("appropriateness"), text])


def _data(own: Assessed) -> Section:
    known = claims(own.of.group)
    by_role = Counter(claim.role for claim in known)
    papers = sorted({claim.paper for claim in known if claim.paper})
    rows: list[Row] = [
        ["Observations", f"{len(known)}, {sum(bool(claim.paper) for claim in known)} of them published"],
        ["Papers", Cell("", links=[(f"{len(papers)}: ", ""), *_linked(papers)])],
        [
            "May be learnt from",
            f"{by_role['fit'] + by_role['decide']} (fit {by_role['fit']}, decide {by_role['decide']})",
        ],
        ["Never learnt from", f"{by_role['goal']} goals"],
        ["Not told to the sets that ship", f"{by_role['prediction']} predictions"],
        ["Parameters by source", _by_source(own)],
    ]
    texts = own.answer("data_used", "data_left_out", "data_bias")
    return Section("Data used, left out, bias", texts, tables=[Table(rows, look="facts", title="What the project has")])


def _linked(papers: list[str]) -> list[tuple[str, str]]:
    """Return reference keys, each leading to what it stands for."""
    pieces = [piece for paper in papers for piece in ((", ", ""), (paper, paper))]
    return pieces[1:]


def _by_source(own: Assessed) -> str:
    kinds = Counter(
        next((kind for kind in KINDS if f"{kind}:" in row[3]), "published") for row in walk(own.of.scenario)
    )
    n_set = sum(row[5] != "default" for row in walk(own.of.scenario))
    shown = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
    return f"{shown}; {n_set} have values set by the scenario or its kinds of cell"


def _assumptions(own: Assessed) -> Section:
    rows: list[Row] = []
    for name, process in own.of.scenario.processes.items():
        lines = [line for told in of_class(type(process)) for line in told.under("Assumes")]
        rows += [[Cell(name, look="code"), line] for line in lines]
    variants = [
        kind for kind in PROCESSES if any(_is_variant(kind, one.kind) for one in own.of.scenario.processes.values())
    ]
    shown = f"Variants of its mechanisms that can be put in their place: {', '.join(variants) or 'none'}."
    tables = [
        Table(rows, ("Mechanism", "Assumes"), look="words", title="Assumptions of the mechanisms"),
        own.table(own.facts["alternatives"], "Alternatives compared"),
    ]
    return Section("Assumptions and alternatives", [*own.answer("assumptions", "alternatives"), shown], tables=tables)


def _is_variant(kind: str, of: str) -> bool:
    """Whether a kind of process is another form of one: of the same file, or a kind of it."""
    one, other = PROCESSES[kind], PROCESSES[of]
    return kind != of and (one.__module__ == other.__module__ or issubclass(one, other) or issubclass(other, one))


def _verification(own: Assessed) -> Section:
    tests = checkout.counted()
    if tests:
        last = checkout.last_results(own.of.results_of_tests)
        rows: list[Row] = [
            [one.folder, one.about, _count(one.functions), _count(one.verification), _last(last.get(one.folder))]
            for one in tests
        ]
        n, n_slow = sum(one.functions for one in tests), sum(one.verification for one in tests)
        text = f"{n} test functions, {n_slow} of them marked verification (pytest -m verification), and "
        text += f"{checkout.planted()} faults planted by hand, each of which some test must find."
    else:
        rows, text = [], "Tests: not in the wheel; a checkout counts them."
    numbers = (Cell("Functions", look="number"), Cell("Marked verification", look="number"))
    header = ("Folder", "What is tested", *numbers, "Last result (a function may be many tests)")
    code = f"Code: abm {__version__}, commit {commit() or 'unknown: not a checkout'}; tests run by ``scripts/test``."
    tables = [own.table(own.facts["code"], "Code"), own.table(own.facts["calculations"], "Calculations")]
    tables.append(Table(rows, header, look="words", title="Tests"))
    texts = [code, EQUATIONS, text]
    return Section("Verification: code, equations, calculations, tests", texts, tables=tables)


def _last(n: Counter[str] | None) -> str:
    return checkout.ended(n) if n else "not run here"


def _count(n: int) -> Cell:
    return Cell(str(n), look="number")


def _calibration(own: Assessed) -> Section:
    text = "Parameters marked “fitted” were set so that what they name comes out; a calibration fits by likelihood, "
    text += "and the model is run again at what it found."
    return Section("Calibration", [text], tables=[own.table(own.facts["calibration"])])


def _validation(own: Assessed) -> Section:
    text = GROUP.format(group=own.of.group)
    return Section("Validation, external validation", [text], tables=[own.table(own.facts["validation"])])


def _applicability(own: Assessed) -> Section:
    return Section("Applicability", own.answer("applicability"))


def _robustness(own: Assessed) -> Section:
    return Section("Robustness and uncertainty", tables=[own.table(own.facts["robustness"])])


def _simulations(own: Assessed) -> Section:
    arms: list[Row] = [[name, arm.words()] for name, arm in own.of.scenario.arms.items()]
    tables = [
        Table(arms, ("Arm", "What is added, left out or changed"), look="words"),
        own.table(own.facts["simulations"]),
    ]
    return Section("Simulations for the question", tables=tables)


def _deviations(own: Assessed) -> Section:
    return Section("Deviations from the plan", own.answer("deviations"))


def _outcome(own: Assessed) -> Section:
    rows: list[Row] = []
    for one in own.answers.criteria:
        word, value = verdict(own, one)
        rows.append([WORDS[one.measure], Cell(one.limit), Cell(value, look="number"), word])
    header = ("Criterion", "Limit", Cell("Measured", look="number"), "Outcome")
    text = [] if rows else ["✗ open: no criterion was set (part 7)."]
    return Section("Outcome against criteria", text, tables=[Table(rows, header, look="words"), _references(own)])


def _references(own: Assessed) -> Table:
    """Return what the keys of this page stand for."""
    keys = sorted({*GUIDANCE, *(claim.paper for claim in claims(own.of.group) if claim.paper)})
    return Table([[key, references()[key]] for key in keys], look="facts", title="References", anchor="ref-")


def verdict(own: Assessed, criterion: Criterion) -> tuple[str, str]:
    """Return whether a criterion passed, failed or was not measured on this model, and the worst value."""
    every = [fact for facts_of in own.facts.values() for fact in facts_of]
    found = [one.number for one in every if one.measure == criterion.measure and not one.note]
    known = [value for value in found if value == value]
    if not known:
        return "? not measured", "–"
    worst = max(known) if criterion.at_most is not None else min(known)
    return ("✓ pass" if criterion.holds(worst) else "✗ fail"), number(worst)
