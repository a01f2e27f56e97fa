"""Pictures show each cell where it is, in the colour of what it is."""

import io

import numpy as np
import pytest
from PIL import Image

from abm.plot.page import style
from abm.scenario.build import Subject, build
from abm.view import raster
from abm.view.colours import LAYERS, rgb, scale_of
from abm.view.raster import Look, picture

WHITE = (255, 255, 255)
NK_FREE, NK_ENGAGED = style.effector_colours(0)
PIXELS = 256


@pytest.fixture
def world(scenario):
    """Return a well with three B cells and two NK cells at places that are known."""
    simulation = build(scenario, Subject("both", 0))
    for _ in range(3):
        simulation.step()
    world = simulation.world
    b, nk = world.populations["b_cells"], world.populations["nk_cells"]
    b.x_um[:], b.y_um[:] = 300.0, 300.0
    nk.x_um[:], nk.y_um[:] = 300.0, 300.0
    b.x_um[:3], b.y_um[:3] = [50.0, 100.0, 150.0], [50.0, 50.0, 50.0]
    nk.x_um[:2], nk.y_um[:2] = [50.0, 100.0], [150.0, 150.0]
    b.is_dying[:] = False
    b.is_dying[1] = True
    nk.partner[:] = -1
    nk.partner[1] = 0
    world.deaths.clear()
    return world


def at(image, x_um, y_um, side_um, left_um=0.0, low_um=0.0):
    """Return the colour at a place."""
    column = int((x_um - left_um) / side_um * image.shape[1])
    row = image.shape[0] - 1 - int((y_um - low_um) / side_um * image.shape[0])
    return tuple(int(part) for part in image[row, column])


def test_cells_stand_where_they_are_in_the_colour_of_their_fate(world):
    side = world.space.side
    image = picture(world, Look(), PIXELS)
    assert image.shape == (PIXELS, PIXELS, 3)
    assert image.dtype == np.uint8
    assert at(image, 50, 50, side) == at(image, 150, 50, side) == rgb(style.BLUE)
    assert at(image, 100, 50, side) == rgb(style.VERMILION)
    assert at(image, 50, 150, side) == rgb(NK_FREE)
    assert at(image, 100, 150, side) == rgb(NK_ENGAGED)
    assert at(image, 150, 150, side) == WHITE


def test_a_box_shows_its_own_part_at_its_own_scale(world):
    look = Look(box=(40.0, 40.0, 20.0))
    image = picture(world, look, PIXELS)
    assert at(image, 50, 50, 20, 40, 40) == rgb(style.BLUE)
    assert at(image, 41, 59, 20, 40, 40) == WHITE
    everything = picture(world, Look(), PIXELS)
    assert (image == rgb(style.BLUE)).all(-1).sum() > 3 * (everything == rgb(style.BLUE)).all(-1).sum() / 10
    assert (picture(world, Look(box=(200.0, 10.0, 20.0)), PIXELS) == 255).all()


def test_lysed_cells_are_hollow_in_the_colour_of_the_cause(scenario):
    simulation = build(scenario, Subject("serum", 0))
    simulation.run()
    world = simulation.world
    table = world.deaths["b_cells"]
    assert table.n > 10
    world.populations["b_cells"].x_um[:] = world.populations["b_cells"].y_um[:] = 0.0
    i = int(np.flatnonzero((table["x_um"] > 60) & (table["y_um"] > 60))[0])
    x, y = float(table["x_um"][i]), float(table["y_um"][i])
    table["x_um"][:], table["y_um"][:] = x, y
    box = 60.0
    image = picture(world, Look(box=(x - box / 2, y - box / 2, box)), PIXELS)
    causes = raster.cause_colours(["cdc"])
    assert at(image, x, y, box, x - box / 2, y - box / 2) == WHITE
    assert (image == rgb(causes["cdc"])).all(-1).any()
    assert not (image == rgb(style.BLUE)).all(-1).any()


@pytest.mark.parametrize(("by", "column"), [("CD20", "cd20_per_cell"), ("C3b", "c3b_per_cell")])
def test_b_cells_by_a_number_take_the_colour_of_the_bar(world, by, column):
    b = world.populations["b_cells"]
    b[column][:3] = [1e3, 3e4, 1e6]
    image = picture(world, Look(by={"b_cells": by}), PIXELS)
    scale = scale_of(world.cell_types["b_cells"], by)
    table = scale.table()
    assert at(image, 50, 50, world.space.side) == tuple(table[0])
    assert at(image, 150, 50, world.space.side) == tuple(table[255])
    middle = scale.shares(np.array([3e4]))[0]
    assert middle == pytest.approx(np.log(30) / np.log(1000), abs=1e-12)
    assert at(image, 100, 50, world.space.side) == tuple(table[int(middle * 255)])


def test_layers_show_the_field_below_the_cells(world):
    field = world.fields["dheas"]
    field.divide()[:] = 0.0
    field.values[0, -1] = 2000.0  # nM at the lower right
    image = picture(world, Look(layer="DHEAS"), PIXELS)
    table = LAYERS["DHEAS"].table()
    assert at(image, world.space.side - 2, 2, world.space.side) == tuple(table[255])
    assert at(image, 2, world.space.side - 2, world.space.side) == tuple(table[0])
    assert raster.layers(world) == ["none", "DHEAS", "potency"]


def test_the_layer_of_potency_is_that_of_the_mechanism(world):
    world.fields["dheas"].values[:] = 2000.0
    image = picture(world, Look(layer="potency"), PIXELS)
    potency = world.properties["potency"].potency(2000.0)  # nM
    assert potency > 1.05
    assert at(image, 2, 2, world.space.side) == tuple(LAYERS["potency"].paint(np.array([potency]))[0])


def test_the_committed_are_not_yet_lysed(scenario):
    simulation = build(scenario, Subject("effectors", 0))
    simulation.run()
    world = simulation.world
    n_lysed = sum(x_um.size for x_um, _, _ in raster._lysed(world, "b_cells"))
    assert 0 < n_lysed == world.tallies["b_cells.lysed"] < world.deaths["b_cells"].n


def test_a_png_holds_the_same_pixels(world):
    image = picture(world, Look(by={"nk_cells": "potency"}), 64)
    again = np.asarray(Image.open(io.BytesIO(raster.png(image))))
    assert (again == image).all()


def test_many_cells_are_drawn_smaller_but_never_vanish(world):
    few, many = (raster._least_radius(n) for n in (10, 1e6))
    assert few > many
    canvas = raster._Canvas(0.0, 0.0, 1e5, 64, many)
    canvas.stamp(np.array([5e4]), np.array([5e4]), np.array(rgb(style.BLUE)), 0.7)
    assert (canvas.image == rgb(style.BLUE)).all(-1).sum() == 1
