"""Which of the four interaction hypotheses does the evidence need? Bayes factors of all sixteen combinations.

Emulators learn the claims of a calibration, what decides, and a panel of experiments from one design. The evidence of
each combination comes from the calibration's claims; what decides then weighs the combinations, and the biology's
draws stay as the papers left them. The panel's arms are ranked by the bits that each is expected to tell.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from abm.core.errors import Fault, InputError
from abm.core.names import Name
from abm.core.par import Model, par, refusal
from abm.document.load import Document, named_file, resolve, validate
from abm.evidence.claim import Claim
from abm.evidence.combinations import Sampled, sampled, samplings
from abm.evidence.emulation import checked, places, run
from abm.evidence.fit import Problem, fewest_points, load_calibration
from abm.evidence.hypotheses import HYPOTHESES
from abm.evidence.lab import Lab
from abm.evidence.panel import Experiments, Panel, learn_arms
from abm.evidence.papers import papers
from abm.evidence.posterior import Literature
from abm.evidence.reading import claims_at, digest, placed, scenario_beside
from abm.evidence.score import group_of
from abm.evidence.weighing import Outlook, Weighed, Weighing
from abm.inference.emulators import Emulators, refuse_failed
from abm.results.study import StudyFolder, home
from abm.scenario.from_file import named
from abm.scenario.renamed import RENAMED
from abm.study.cost import seconds_of_row
from abm.study.execute import at_home
from abm.study.jobs import Monitor
from abm.study.pool import Engine
from abm.study.rows import scenario_at


class Comparison(Model):
    """What a comparison file may say."""

    name: Name = "comparison"
    title: str = ""
    question: str = ""
    calibration: str
    panel: str
    decide: tuple[str, ...] = Field(("A3",), min_length=1)
    panel_n: int = par(2000, "1", "design: a patch", "B cells of each well of the panel", ge=50, le=10**6)
    panel_points: int = par(256, "1", "design: survival is smooth", "Points of the panel", ge=8, le=10**5)
    live: int = par(200, "1", "design: log evidence right to a third", "Live points of a sampling", ge=20, le=10**5)
    draws: int = par(300, "1", "design: bits right to a twentieth", "Draws kept per combination", ge=20, le=10**4)
    replicates: tuple[int, ...] = Field((1, 3, 6, 12), min_length=1)

    @model_validator(mode="after")
    def _replicates_rise(self) -> Self:
        own = self.replicates
        if own[0] < 1 or any(one >= other for one, other in pairwise(own)):
            text = f"{', '.join(map(str, own))} do not rise from 1 or more"
            raise refusal(Fault(text, "replicates", allowed="whole numbers from 1, each above the one before it"))
        return self


@dataclass(frozen=True)
class Contest:
    """A comparison with its calibration, what decides and its panel at hand."""

    comparison: Comparison
    problem: Problem
    decides: tuple[Claim, ...]
    panel: Panel

    @cached_property
    def whole(self) -> Problem:
        """The calibration with what decides among its claims: what is run, but never what is learnt from."""
        given = replace(self.problem.given, claims=(*self.problem.claims, *self.decides))
        return replace(self.problem, given=given)

    @property
    def panel_points(self) -> int:
        """Return at how many points of the design the panel is run."""
        return min(self.comparison.panel_points, self.problem.calibration.points)

    def identity(self) -> dict[str, Any]:
        """Return all that the runs depend on; more points, draws or replicates go on with the same comparison.

        Raises
        ------
        InputError
            What fits is not installed.
        """
        decides = {"decide": [claim.id for claim in self.decides]}
        return self.problem.identity() | decides | {"panel": digest(json.dumps(self.panel.patch()))}


def load_comparison(path: Path, sets: tuple[str, ...] = ()) -> Contest:
    """Read a comparison file; paths in it are relative to it.

    Raises
    ------
    InputError
        All faults of the file, a calibration that leaves a hypothesis without a free strength, a claim that may not
        decide, or a panel that the parameter set cannot run.
    """
    document = resolve(path, sets, Comparison, names=RENAMED)
    asked = named(validate(Comparison, document), document)
    problem = load_calibration(Path(named_file(document, ("calibration",))), reach=document.reach).of_papers()
    problem = replace(problem, given=problem.given.warning(*document.warnings))
    faults = _without_strength(document, problem)
    scenario = scenario_beside(document, "panel")
    if scenario.space.scale != "well":
        raise InputError(*faults, document.fault(("panel",), "a patient, no well", "a scenario of wells"))
    panel = Panel(scenario, asked.panel_n)
    with placed(document, ("panel",), faults):
        scenario_at(problem.base, panel.patch(), problem.calibration.seed)
    if asked.live <= 2 * len(problem.ranges):
        text = f"{asked.live} live points cannot hold the shape of {len(problem.ranges)} dimensions"
        faults.append(document.fault(("live",), text, f"{2 * len(problem.ranges) + 1} or more"))
    if asked.panel_points < (fewest := fewest_points(len(problem.ranges))):
        text = f"{asked.panel_points} points are too few for {len(problem.ranges)} free parameters"
        faults.append(document.fault(("panel_points",), text, f"{fewest} or more"))
    decides = _deciding(document, asked, problem, faults)
    if faults:
        raise InputError(*faults)
    return Contest(asked, replace(problem, given=problem.given.warning(*scenario.told)), decides, panel)


def _without_strength(document: Document, problem: Problem) -> list[Fault]:
    """Return a fault for each hypothesis whose strength the calibration does not leave free from nothing upwards."""
    missing = {name: own for name, own in HYPOTHESES.items() if name not in problem.strengths}
    return [
        document.fault(
            ("calibration",),
            f"{problem.given.document.file} says nothing of how strong {name} is",
            f"{own.strength} among what is free, in a range that begins where there is none of it",
        )
        for name, own in missing.items()
    ]


def _deciding(document: Document, asked: Comparison, problem: Problem, faults: list[Fault]) -> tuple[Claim, ...]:
    """Return what decides; what the calibration learns from already cannot."""
    group = group_of(scenario_at(problem.base, {}, problem.calibration.seed))
    found = claims_at(document, "decide", asked.decide, (), group, faults)
    known = [claim.id for claim in problem.claims]
    for claim in found:
        with placed(document, ("decide", asked.decide.index(claim.id)), faults):
            if claim.id in known:
                raise InputError(Fault(f"the calibration learns from {claim.id}", allowed="claims that it leaves out"))
            papers([claim])
    return tuple(found)


def cost(contest: Contest, n_workers: int) -> dict[str, Any]:
    """Return what a comparison takes: places, experiments, and hours of simulation; sampling comes on top.

    What a fit of the same calibration has run is among them, though it is not run again.
    """
    whole, asked = contest.whole, contest.problem.calibration
    middle = [[0.5] * len(whole.ranges)]
    jobs = list(whole.jobs(middle[0]).of_all(whole.claims, [1]))
    jobs, well = {job.hash: job for job in jobs}.values(), contest.panel.rows(whole, middle)[0][0]
    n_rows = asked.points * len(jobs) + contest.panel_points
    seconds = asked.points * sum(map(seconds_of_row, jobs)) + contest.panel_points * seconds_of_row(well)
    hours = asked.repeats * seconds / n_workers / 3600.0
    return {"points": asked.points, "rows": asked.repeats * n_rows, "hours": hours}


def compare(contest: Contest, root: Path, engine: Engine, monitor: Monitor) -> tuple[StudyFolder, dict[str, Any]]:
    """Weigh every combination of hypotheses, and find the experiment that would tell most.

    Returns
    -------
    folder, found : StudyFolder, dict
        ``combinations``, ``hypotheses``, ``priors``, ``papers``, ``experiments``, ``together``; see `Weighing` and
        `Outlook`.

    Raises
    ------
    InputError
        An emulator of a claim fails its check, what a fit needs is not installed, or another process is at it.
    RunFailed
        An experiment could not be run.
    Stopped
        The monitor asked to stop; the same call goes on.
    """
    asked, calibration = contest.comparison, contest.problem.calibration
    with at_home(root.resolve() / "compare", asked.name, contest.identity(), monitor) as folder:
        fit = home(root.resolve() / "fit", calibration.name, contest.problem.identity())
        lab = Lab(folder, engine, monitor, [fit])
        emulators, arms = _learnt(contest, lab)
        n_learnt = len(contest.problem.claims)
        jobs = samplings(contest.problem, _part(emulators, slice(n_learnt)), asked.live, asked.draws)
        found = sampled(jobs, lab)
        weighing = weigh(contest, emulators, found)
        points = [one.points for one in found]
        outlook = Outlook(weighing.probabilities().mean, points, asked.replicates, calibration.seed)
        told = _told(contest, weighing) | outlook.tell(arms.emulators, arms.spread)
        told["warnings"] = [*contest.problem.given.warnings, *arms.warnings]
        folder.write_json("comparison.json", told)
    return folder, told


def _learnt(contest: Contest, lab: Lab) -> tuple[Emulators, Experiments]:
    """Run the design, and learn the claims and the arms from it; refuse an emulator of a claim that fails."""
    whole, asked = contest.whole, contest.problem.calibration
    x = places(whole)
    runs, of_panel = run(whole, lab, x, 0), contest.panel.run(whole, lab, x[: contest.panel_points])
    emulators, held = checked([claim.id for claim in whole.claims], runs, asked.seed)
    refuse_failed(held.checks)
    return emulators, learn_arms(tuple(contest.panel.scenario.arms), of_panel, asked.seed)


def weigh(contest: Contest, emulators: Emulators, found: Sequence[Sampled]) -> Weighing:
    """Return the combinations with what papers and what decides say at their draws.

    Parameters
    ----------
    contest : Contest
        What is compared.
    emulators : Emulators
        Of the calibration's claims and of those that decide, in this order.
    found : sequence of Sampled
        The combinations.
    """
    learnt, deciding = Literature.of(contest.problem.claims), Literature.of(contest.decides)
    strengths, n, parts = contest.problem.strengths, len(contest.problem.claims), []
    for one in found:
        values, sds = emulators.at(one.points)
        papers_say = learnt.log_likelihood(values[:, :n], sds[:, :n])
        decides = deciding.log_likelihood(values[:, n:], sds[:, n:])
        own = one.points[:, [strengths[name] for name in one.on]]
        parts.append(Weighed(one.on, one.log_evidence, one.error, own, papers_say, decides))
    names = [tuple(own.name for own in literature.published) for literature in (learnt, deciding)]
    return Weighing(tuple(parts), names[0], names[1], contest.problem.calibration.seed)


def _part(emulators: Emulators, chosen: slice) -> Emulators:
    return Emulators(emulators.names[chosen], emulators.parts[chosen])


def _told(contest: Contest, weighing: Weighing) -> dict[str, Any]:
    """Return what was asked and how it was weighed, as JSON can hold it."""
    asked, calibration = contest.comparison, contest.problem.calibration
    return {
        "name": asked.name,
        "title": asked.title,
        "question": asked.question,
        "claims": [claim.id for claim in contest.problem.claims],
        "decide": list(asked.decide),
        "seed": calibration.seed,
        "n_points": calibration.points,
        "repeats": calibration.repeats,
        "n_draws": asked.draws,
        "words": {name: own.words for name, own in HYPOTHESES.items()},
        "combinations": weighing.combinations(),
        "hypotheses": weighing.hypotheses(),
        "priors": weighing.priors(),
        "papers": weighing.without_each(),
    }
