from dataclasses import replace
from datetime import datetime

import cv2
import numpy as np
import pytest

from dermadelta import measures
from dermadelta.domain import (
    AlignmentSummary,
    Estimate,
    Interval,
    NotMeasured,
    PairStatus,
    Role,
    Scale,
    TreatedArea,
    Verdict,
)
from dermadelta.errors import MaskError, UnreadablePhoto
from dermadelta.files.results import read_pair, write_pair
from dermadelta.phantom.encode import jpeg_bytes, mask_bytes
from dermadelta.runner import PairRun, run_pair
from dermadelta.stages.measure import MeasureConfig


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pairs ü")


@pytest.fixture(scope="session")
def filed(bench, folder):
    """Photographs of a phantom case as files, and how to refer to them."""

    def write(name, role, photo_id="", *, turned=1, roi=None, spoil=None):
        photo_id = photo_id or f"{name}_{role.value}"
        pair = bench.rendered(name)
        shot = pair.before if role is Role.BEFORE else pair.after
        pixels = shot.rgb if spoil is None else spoil(shot.rgb)
        path = folder / f"{photo_id}.jpg"
        camera = pair.case.before.camera
        taken = datetime(2026, 1, 12, 10)
        path.write_bytes(jpeg_bytes(pixels, camera, taken_at=taken, orientation=turned))
        day = bench.before_day if role is Role.BEFORE else bench.after_day
        mask = folder / f"{photo_id}_roi.png"
        if role is Role.BEFORE:
            mask.write_bytes(mask_bytes(shot.roi))
        return bench.photo_ref(
            photo_id,
            path=str(path),
            shown_path=path.name,
            visit_date=day,
            roi=roi or (str(mask) if role is Role.BEFORE else None),
            mm_per_px=bench.mm_per_px,
        )

    return write


@pytest.fixture(scope="session")
def pair_of(bench, filed):
    def make(name, **changes):
        return bench.pair_ref((filed(name, Role.BEFORE),), (filed(name, Role.AFTER),), **changes)

    return make


@pytest.fixture(scope="session")
def texture(bench, pair_of) -> PairRun:
    return run_pair(pair_of("texture"), bench.config, pair_key="k1")


def row_of(run: PairRun, name: str) -> Estimate:
    return next(row for row in run.result.estimates if row.measure == name)


def test_a_pair_is_measured_from_its_files(texture, bench):
    result = texture.result
    assert result.status is PairStatus.MEASURED
    assert result.reasons == ()
    assert result.pair_key == "k1"
    assert (result.before_used, result.after_used) == (("texture_before",), ("texture_after",))
    assert isinstance(result.alignment, AlignmentSummary)
    assert isinstance(result.scale, Scale)
    assert result.scale.mm_per_px == pytest.approx(bench.mm_per_px, rel=0.02)
    assert [row.measure for row in result.estimates] == [m.name for m in measures.ALL]
    assert {region.name for region in result.regions} == {"roi", "reference"}
    truth = bench.rendered("texture").truth
    found = row_of(texture, "roughness").change_pct
    assert found.value == pytest.approx(truth.optical_roughness_change_pct, abs=8.0)
    assert row_of(texture, "roughness").verdict is Verdict.IMPROVED
    area = next(region.area_mm2 for region in result.regions if region.name == "roi")
    assert area == pytest.approx(bench.spot.area_mm2, rel=0.06)


def test_every_estimate_has_a_change_or_a_reason(texture):
    for row in texture.result.estimates:
        assert isinstance(row.change, Interval) or row.reason
        if isinstance(row.change, Interval):
            assert row.change.low <= row.change.value <= row.change.high


def test_readings_and_pictures_are_listed(texture):
    result = texture.result
    keys = {(r.photo_id, r.region, r.measure) for r in result.readings}
    assert len(keys) == len(result.readings)
    assert {r.role for r in result.readings} == set(Role)
    listed = [(p.name, p.kind, p.caption) for p in texture.pictures]
    assert list(result.pictures) == listed
    assert len({name for name, _, _ in listed}) == len(listed)
    assert set(texture.seconds) >= {"load", "align", "carry", "measure", "estimate", "depict"}


def test_the_result_survives_its_file(texture, tmp_path):
    write_pair(tmp_path / "pair", texture.result, texture.pictures)
    assert read_pair(tmp_path / "pair") == texture.result
    for name, _, _ in texture.result.pictures:
        assert (tmp_path / "pair" / name).stat().st_size > 0


def test_the_same_pair_gives_the_same_result(bench, texture, pair_of):
    again = run_pair(pair_of("texture"), bench.config, pair_key="k1")
    assert again.result == texture.result
    for one, two in zip(texture.pictures, again.pictures, strict=True):
        assert np.array_equal(one.pixels, two.pixels)


def test_another_person_is_refused(bench, pair_of, tmp_path):
    run = run_pair(pair_of("impostor"), bench.config, pair_key="k")
    assert run.result.status is PairStatus.REFUSED
    assert "same person" in run.result.reasons[0]
    assert not any(isinstance(row.change, Interval) for row in run.result.estimates)
    assert isinstance(run.result.alignment, NotMeasured)
    write_pair(tmp_path / "pair", run.result, run.pictures)
    assert read_pair(tmp_path / "pair") == run.result


def test_a_turned_photo_is_the_same_photo(texture, bench, filed):
    """Stored on its side with an EXIF tag: other JPEG blocks, the same skin."""
    pair = bench.pair_ref(
        (filed("texture", Role.BEFORE),),
        (filed("texture", Role.AFTER, "texture_after_turned", turned=6),),
    )
    run = run_pair(pair, bench.config, pair_key="k")
    for name in ("roughness", "redness_lab"):
        row, upright = row_of(run, name), row_of(texture, name)
        assert row.after == pytest.approx(upright.after, rel=0.02)
        width = upright.change.high - upright.change.low
        assert row.change.value == pytest.approx(upright.change.value, abs=0.15 * width)


def blurred(rgb):
    return cv2.GaussianBlur(rgb, (0, 0), 2.0)


def brighter(rgb):
    return np.clip(rgb.astype(float) * 1.03, 0, 255).astype(np.uint8)


def test_an_edited_copy_is_no_repeat(texture, bench, filed):
    """Whatever was done to its light: it would agree with its original far too well."""
    before = (
        filed("texture", Role.BEFORE),
        filed("texture", Role.BEFORE, "copy_before", spoil=brighter),
    )
    after = (
        filed("texture", Role.AFTER),
        filed("texture", Role.AFTER, "copy_after", spoil=brighter),
    )
    result = run_pair(bench.pair_ref(before, after), bench.config, pair_key="k").result
    assert result.before_used == ("texture_before",)
    assert result.after_used == ("texture_after",)
    assert sum("same exposure" in remark for remark in result.remarks) == 2
    assert result.estimates == texture.result.estimates


def test_a_blurred_repeat_is_left_out_and_changes_nothing(bench, filed):
    before, after = filed("no_change", Role.BEFORE), filed("no_change", Role.AFTER)
    alone = run_pair(bench.pair_ref((before,), (after,)), bench.config, pair_key="k")
    spoilt = filed("soft again", Role.AFTER, "blurred", spoil=blurred)
    run = run_pair(bench.pair_ref((before,), (after, spoilt)), bench.config, pair_key="k")
    assert run.result.after_used == ("no_change_after",)
    assert any("blurred is left out" in remark for remark in run.result.remarks), run.result.remarks
    assert run.result.estimates == alone.result.estimates


def test_repeats_on_both_sides_are_averaged_and_a_stray_is_left_out(texture, bench, filed):
    before = (
        filed("texture", Role.BEFORE),
        filed("texture again", Role.BEFORE, "again_before"),
    )
    after = (
        filed("texture", Role.AFTER),
        filed("impostor", Role.AFTER, "stray"),
        filed("texture again", Role.AFTER, "again_after"),
    )
    run = run_pair(bench.pair_ref(before, after), bench.config, pair_key="k")
    result = run.result
    assert result.status is PairStatus.MEASURED
    assert result.before_used == ("texture_before", "again_before")
    assert result.after_used == ("texture_after", "again_after")
    assert any("stray is left out" in remark for remark in result.remarks)
    values = {
        (r.role, r.photo_id): r.value
        for r in result.readings
        if (r.measure, r.region) == ("roughness", "roi")
    }
    assert len(values) == 4
    row = row_of(run, "roughness")
    for role, mean in ((Role.BEFORE, row.before), (Role.AFTER, row.after)):
        own = [value for (side, _), value in values.items() if side is role]
        assert mean == pytest.approx(np.exp(np.mean(np.log(own))))
    assert row.change_pct.value == pytest.approx(
        row_of(texture, "roughness").change_pct.value, abs=3.0
    )


def test_treated_all_over_says_what_is_missing(bench, pair_of):
    run = run_pair(pair_of("texture", treated_area=TreatedArea.WHOLE), bench.config, pair_key="k")
    assert any("treated_area" in remark for remark in run.result.remarks)
    assert row_of(run, "roughness").reference == "none"
    assert row_of(run, "redness").verdict is Verdict.NOT_MEASURED


def test_only_the_measures_asked_for(bench, pair_of):
    config = bench.config.model_copy(update={"measure": MeasureConfig(only=("redness",))})
    run = run_pair(pair_of("no_change"), config, pair_key="k")
    assert [row.measure for row in run.result.estimates] == ["redness"]
    assert row_of(run, "redness").verdict is Verdict.NO_DETECTABLE_CHANGE


def test_a_missing_photo_is_a_fault_not_a_refusal(bench, filed):
    gone = replace(filed("texture", Role.AFTER), path="nowhere.jpg", shown_path="nowhere.jpg")
    pair = bench.pair_ref((filed("texture", Role.BEFORE),), (gone,))
    with pytest.raises(UnreadablePhoto, match="nowhere"):
        run_pair(pair, bench.config, pair_key="k")


def test_a_mask_of_another_size_is_a_fault(bench, filed, folder):
    small = folder / "small.png"
    cv2.imencode(".png", np.full((10, 10), 255, np.uint8))[1].tofile(str(small))
    pair = bench.pair_ref(
        (replace(filed("texture", Role.BEFORE), roi=str(small)),), (filed("texture", Role.AFTER),)
    )
    with pytest.raises(MaskError, match="small"):
        run_pair(pair, bench.config, pair_key="k")


def square(x0, y0, side):
    return f"{x0},{y0} {x0 + side},{y0} {x0 + side},{y0 + side} {x0},{y0 + side}"


def test_reference_skin_that_the_after_photo_does_not_show_is_not_used(bench, filed):
    def without_a_corner(rgb):
        white = rgb.copy()
        white[:60, :60] = 255
        return white

    before = replace(filed("no_change", Role.BEFORE), reference=square(5, 5, 40))
    after = filed("no_change", Role.AFTER, "white_corner", spoil=without_a_corner)
    run = run_pair(bench.pair_ref((before,), (after,)), bench.config, pair_key="k")
    assert run.result.status is PairStatus.MEASURED
    assert row_of(run, "roughness").reference == "none"
    assert isinstance(row_of(run, "redness").change, NotMeasured)
    assert any("reference skin has fewer than" in remark for remark in run.result.remarks)


def test_regions_of_different_skin_have_no_interval(bench, filed):
    before = replace(filed("no_change", Role.BEFORE), roi=square(60, 60, 60))
    rows, cols = bench.rendered("no_change").after.rgb.shape[:2]
    after = replace(filed("no_change", Role.AFTER), roi=square(cols - 130, rows - 130, 60))
    run = run_pair(bench.pair_ref((before,), (after,)), bench.config, pair_key="k")
    row = row_of(run, "scar_share")
    assert all(isinstance(e.change, NotMeasured) for e in run.result.estimates), row
    assert run.result.status is PairStatus.REFUSED


def test_a_region_given_only_after_is_remarked(bench, filed):
    before = replace(filed("no_change", Role.BEFORE), roi=None)
    after = replace(filed("no_change", Role.AFTER), roi=square(80, 80, 200))
    run = run_pair(bench.pair_ref((before,), (after,)), bench.config, pair_key="k")
    assert any("is not used" in remark for remark in run.result.remarks)


def test_no_skin_is_said_as_such(bench, filed):
    def blue(rgb):
        return np.ascontiguousarray(rgb[..., ::-1])

    before = replace(filed("no_change", Role.BEFORE, "blue", spoil=blue), roi=None)
    after = filed("no_change", Role.AFTER)
    run = run_pair(bench.pair_ref((before,), (after,)), bench.config, pair_key="k")
    assert run.result.status is PairStatus.REFUSED
    assert "no skin was found" in run.result.reasons[0]
