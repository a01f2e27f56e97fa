"""Who is simulated."""

import pytest
from pydantic import ValidationError

from abm.biology.covariates import Covariates
from abm.scenario.schema import Scenario

SURFACE = "covariates.body_surface_m2"


def test_body_surface_follows_from_weight_and_height_where_the_height_is_known():
    assert Covariates(weight_kg=80).surface_m2 == 1.85
    assert Covariates(weight_kg=80, height_cm=180).surface_m2 == pytest.approx(2.0)
    assert Covariates(weight_kg=50, height_cm=162).surface_m2 == pytest.approx(1.5)


@pytest.mark.parametrize(
    "also", [{"covariates": {"height_cm": 180, "body_surface_m2": 2.1}}, {"cohort": {"vary": {SURFACE: {"cv": 0.1}}}}]
)
def test_a_body_surface_beside_a_height_is_refused(also):
    with pytest.raises(ValidationError, match="follows from weight and height"):
        Scenario.model_validate({"covariates": {"height_cm": 180}} | also)


@pytest.mark.parametrize(("kind", "usual"), [("floor", "VV"), ("mixed", "VV"), ("body", "VF")])
def test_the_usual_genotype_is_that_of_the_assay_or_of_a_patient(kind, usual):
    patient = {"populations": {"b_cells": {"kind": "clone"}}, "probes": {"counts": None, "patient": {"every": "7 d"}}}
    own = {"space": {"kind": kind}} | (patient if kind == "body" else {})
    assert Scenario.model_validate(own).covariates.fcgr3a == usual
    for said in ({}, {"age_years": 30}):
        assert Scenario.model_validate(own | {"covariates": said}).covariates.fcgr3a == usual
    assert Scenario.model_validate(own | {"covariates": {"fcgr3a": "FF"}}).covariates.fcgr3a == "FF"


def test_a_process_asks_for_a_covariate_by_name(culture):
    world = culture({"engagement": {}}, (), {"covariates": {"fcgr3a": "FF", "weight_kg": 60}}).world
    assert (world.properties["covariates"].fcgr3a, world.properties["covariates"].weight_kg) == ("FF", 60)
