"""The evidence keeps what it found by what it was asked, and takes a posterior with the set that it was fitted in."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.evidence.calibrate import calibrate
from abm.evidence.claim import chosen
from abm.evidence.draws import Draws
from abm.evidence.fit import load_calibration
from abm.evidence.report import evaluate
from abm.evidence.score import probabilities
from abm.scenario.from_file import load_scenario
from abm.study.execute import local
from abm.study.jobs import Monitor
from abm.study.rows import as_base, scenario_at

CONFIGS = Path(__file__).parents[2] / "configs"
TINY = (
    *("claims=[N4-no-C5]", "points=8", "live=20", "kept=20", "checked=20", "waves=0", "scale=0.02"),
    *("free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90000}}", "set={dt: 15 min, processes.shield: null}"),
)


@pytest.fixture(scope="module")
def fit(tmp_path_factory):
    """Return the folder of a tiny fit without the shield."""
    problem = load_calibration(CONFIGS / "studies" / "calibration.yaml", TINY)
    folder, _ = calibrate(problem, tmp_path_factory.mktemp("fit"), local(1), Monitor())
    return folder.path


class Told(Monitor):
    text = ""

    def tell(self, text):
        self.text += text


def evidence(root, ids=("V13",), monitor=None, parameters=None, **how):
    settings = {"seeds": (1, 2), "scale": 0.05} | how
    return evaluate(chosen(ids), parameters, root, local(1), monitor or Monitor(), **settings)


def test_evidence_for_another_question_does_not_touch_the_first(tmp_path):
    first, _ = evidence(tmp_path)
    kept = (first.path / "scores.json").read_bytes()
    others = [({"seeds": (1, 2, 3)}, "seeds"), ({"scale": 0.06}, "scale"), ({"ids": ("V13", "V5")}, "claims")]
    for how, what in others:
        told = Told()
        other, _ = evidence(tmp_path, monitor=told, **how)
        assert other.path != first.path
        assert f"{first.path} holds work with other {what} under this name" in told.text
    assert len(json.loads((other.path / "scores.json").read_text())["claims"]) == 2
    assert (first.path / "scores.json").read_bytes() == kept
    assert evidence(tmp_path)[0].path == first.path


def test_evidence_for_an_edited_set_of_the_same_name_is_measured_anew(tmp_path):
    own = tmp_path / "set.yaml"
    shutil.copy(CONFIGS / "parameters" / "wm_bright.yaml", own)
    first, before = evidence(tmp_path, ids=("V5",), parameters=own, scale=0.02)
    own.write_text(own.read_text().replace("complement_docking}", "complement_docking, max_per_h: 900}"))
    second, after = evidence(tmp_path, ids=("V5",), parameters=own, scale=0.02)
    assert second.path != first.path
    assert after["claims"][0]["simulated"] < 0.5 * before["claims"][0]["simulated"]


def test_a_posterior_is_judged_in_the_set_that_it_was_fitted_in(tmp_path, fit, monkeypatch):
    judged = []

    def spy(claims, lab, thetas, *, base, scale):
        judged.append((base, thetas))
        return probabilities(claims, lab, thetas, base=base, scale=scale)

    monkeypatch.setattr("abm.evidence.report.probabilities", spy)
    _, found = evidence(tmp_path, ids=("V5", "P8"), posterior=fit, draws=3, scale=0.02)
    assert [score["probability"] is None for score in found["claims"]] == [False, True]
    ((base, thetas),) = judged
    asked = load_calibration(CONFIGS / "studies" / "calibration.yaml", TINY)
    particles = json.loads((fit / "fit.json").read_text())["particles"]
    for theta in thetas:
        assert theta in particles
        own, simulated = scenario_at(base, theta, 1), scenario_at(asked.base, theta, 1)
        assert "shield" not in own.processes
        assert own.model_copy(update={"name": simulated.name}) == simulated


def test_other_draws_of_a_posterior_are_another_question(tmp_path, fit):
    first, _ = evidence(tmp_path, ids=("V5",), posterior=fit, draws=2, scale=0.02)
    second, _ = evidence(tmp_path, ids=("V5",), posterior=fit, draws=3, scale=0.02)
    third, found = evidence(tmp_path, ids=("V5",), scale=0.02)
    assert len({first.path, second.path, third.path}) == 3
    assert found["claims"][0]["probability"] is None


def test_a_posterior_that_cannot_be_used_is_refused_by_its_place(tmp_path, fit):
    with pytest.raises(InputError, match=r"--posterior .*nowhere  no fit there; allowed: the folder of a fit"):
        evidence(tmp_path, posterior=tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"--posterior .*the fit is for claims of the group assay: none was asked for"):
        evidence(tmp_path, ids=("P9",), posterior=fit)
    for name, change, told in (
        ("cut", lambda found: None, r"cut.fit\.json  cannot be read"),
        ("bare", lambda found: {**found, "particles": []}, r"--posterior .*bare  the fit holds no posterior"),
        ("uneven", lambda found: {**found, "weights": [1.0]}, r"uneven.fit\.json  particles and weights do not fit"),
        ("few", lambda found: {**found, "particles": found["particles"][:9], "weights": [1] * 9}, "20 draws are asked"),
        ("keyless", lambda found: {"particles": found["particles"]}, r"keyless.fit\.json  cannot be read: 'weights'"),
        ("lost", lambda found: {**found, "particles": [{"processes.x.y": 1}] * 20}, r"lost.fit\.json.*no 'x' in"),
    ):
        shutil.copytree(fit, tmp_path / name)
        found = change(json.loads((fit / "fit.json").read_text()))
        (tmp_path / name / "fit.json").write_text(json.dumps(found) if found else "{")
        with pytest.raises(InputError, match=told):
            evidence(tmp_path, posterior=tmp_path / name)
    assert not (tmp_path / "evidence").exists(), "refused before anything is computed"


def test_sets_are_drawn_from_a_posterior_by_their_weights(tmp_path):
    base = as_base(load_scenario(CONFIGS / "parameters" / "wm_bright.yaml"))
    shutil.copy(CONFIGS / "parameters" / "wm_bright.yaml", tmp_path / "parameters.yaml")
    particles = [{"processes.docking.max_per_h": 5000.0 + i} for i in range(100)]
    weights = [0.0] * 50 + [3.0] + [1.0 / 49] * 49
    (tmp_path / "fit.json").write_text(json.dumps({"particles": particles, "weights": weights}))
    rows = [draw.row for draw in Draws.read(tmp_path).thinned(40, base)]
    assert (min(rows), rows.count(50)) == (50, 30)
    assert np.diff(rows[30:]).tolist() == pytest.approx([4.9] * 9, abs=1.0), "evenly thinned"
