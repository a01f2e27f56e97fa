import os

import pytest

from abm.results.folder import FolderError
from abm.results.tables import ReadError


class Crash(BaseException):
    """A kill at an awkward moment."""


def test_wells_are_merged_in_the_order_given(finished, wells):
    series = finished.series()
    assert list(zip(series["arm"], series["replicate"], strict=True)) == [well for well in wells for _ in range(3)]
    assert series["time_h"].tolist() == [0.0, 1.0, 2.0] * 3
    assert not (finished.path / "parts").exists()


def test_an_unfinished_well_is_named(filled, wells):
    filled.subject("serum", 1).cut_back(60)
    with pytest.raises(FolderError, match="not finished: serum-r1"):
        filled.merge_parts(wells)
    with pytest.raises(FolderError, match="not merged"):
        filled.finish({})


def test_a_resumed_well_gives_the_same_bytes(create, filled, rows, wells):
    filled.merge_parts(wells)
    again = create(seed=8)
    for arm, replicate in wells:
        well = again.subject(arm, replicate)
        well.append("start", 0, {"uid": [1, 2, 3], "population": ["b_cells", "b_cells", "nk_cells"]})
        for step in (0, 60, 120, 180):
            rows(well, step)
        well.cut_back(60)
        assert list(well.chunks("cells")) == [0, 60]
        rows(well, 120)
        well.finish({"n_steps": 120})
    again.merge_parts(wells)
    names = ["series.csv", "deaths.parquet", "start.parquet", "cells/frame=000120.parquet", "fields/frame=000120.npz"]
    for name in names:
        assert (again.path / name).read_bytes() == (filled.path / name).read_bytes()
    assert again.cell_steps() == [0, 60, 120]


def crash_after(monkeypatch, n):
    """Let the n-th rename or removal from now on, and all after it, not happen."""
    left = [n]

    def crashing(call):
        def crash(*arguments, **options):
            left[0] -= 1
            if left[0] < 0:
                raise Crash
            return call(*arguments, **options)

        return crash

    for name in ("replace", "unlink"):
        monkeypatch.setattr(os, name, crashing(getattr(os, name)))


@pytest.mark.parametrize("n", [*range(13), 20, 30, 40])
def test_a_crash_at_any_moment_of_the_merge_is_mended_by_merging_again(filled, finished_hash, wells, monkeypatch, n):
    with monkeypatch.context() as patch:
        crash_after(patch, n)
        with pytest.raises(Crash):
            filled.merge_parts(wells)
    filled.merge_parts(wells)
    assert filled.finish({}) == finished_hash
    assert not (filled.path / "parts").exists()


def test_foreign_files_among_the_parts_are_not_removed(filled, wells):
    note = filled.subject("serum", 0).path / "note.txt"
    note.write_text("mine")
    filled.merge_parts(wells)
    assert note.read_text() == "mine"
    assert sorted(path.name for path in (filled.path / "parts").iterdir()) == ["serum-r0"]


def test_a_table_nobody_knows_is_refused(filled):
    with pytest.raises(ValueError, match="no table 'serie'; there are series, deaths, start, cells"):
        filled.subject("serum", 0).append("serie", 0, {})


def test_a_well_that_is_cut_back_is_no_longer_finished(filled):
    well = filled.subject("serum", 0)
    assert well.record() == {"n_steps": 120}
    well.cut_back(0)
    assert not well.is_finished
    with pytest.raises(ReadError, match="missing"):
        well.record()


def test_arm_and_replicate_are_set_by_the_well(filled):
    well = filled.subject("serum", 1)
    well.append("series", 180, {"time_h": [3.0], "arm": ["wrong"]})
    well.finish({})
    filled.merge_parts([("serum", 1)])
    assert set(filled.series()["arm"]) == {"serum"}


def test_every_well_has_fields_of_its_own(finished, wells):
    names = {f"{arm}/{replicate}/{name}" for arm, replicate in wells for name in ("dheas_uM", "voxel_um")}
    assert set(finished.fields(60)) == names
