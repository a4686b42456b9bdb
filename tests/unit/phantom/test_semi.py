from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dermadelta.errors import UnreadablePhoto, UsageError
from dermadelta.phantom.cases import random_case
from dermadelta.phantom.pair import render_pair
from dermadelta.phantom.semi import SemiPair, render_semi, semi_case
from dermadelta.phantom.semiwriter import plan_semi, write_semi
from dermadelta.phantom.skin import HAEMOGLOBIN_OD


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> str:
    """A photograph of skin; that it is rendered does not matter here."""
    shot = render_pair(random_case("no_change", 3, 2, width_px=1280, in_photo="nothing")).before
    path = tmp_path_factory.mktemp("base") / "arm.png"
    Image.fromarray(shot.rgb).save(path)
    return str(path)


def pair(base: str, kind: str, number: int = 0, **asked) -> SemiPair:
    return render_semi(semi_case(base, kind, 5, number, width_px=1000, **asked))


def test_the_same_case_gives_the_same_bits(base):
    one, other = pair(base, "scar"), pair(base, "scar")
    np.testing.assert_array_equal(one.after.rgb, other.after.rgb)
    assert one.changes == other.changes
    assert pair(base, "scar", 1).before.plan != one.before.plan


def test_two_cameras_shoot_the_same_skin(base):
    found = pair(base, "no_change")
    one, other = found.before.plan.camera, found.after.plan.camera
    # What is never jittered from shot to shot: equal only where the camera is the same.
    for name in ("vignetting", "shot_noise", "read_noise"):
        assert getattr(one, name) != getattr(other, name)
    size = found.before.rgb.shape[1::-1]
    carried = cv2.warpPerspective(found.after.roi.astype(np.float32), found.after_to_before, size)
    both = (carried >= 0.5) & found.before.roi
    assert both.sum() / ((carried >= 0.5) | found.before.roi).sum() > 0.93
    assert found.changes["optical_roughness_change_pct"] == 0.0
    assert found.changes["redness_change_a"] == 0.0


def test_detail_and_redness_change_as_they_were_edited(base):
    texture = pair(base, "texture").changes
    factor = texture["detail_factor"]
    assert 100 * (factor - 1) < texture["optical_roughness_change_pct"] < 0
    assert abs(texture["optical_roughness_reference_change_pct"]) < 0.01
    assert abs(texture["redness_contrast_change_ei"]) < 0.1
    red = pair(base, "redness").changes
    # One unit of haemoglobin is 100 log10(e) (0.80 - 0.12) = 29.5 EI.
    assert red["redness_change_ei"] == pytest.approx(29.5 * red["haemoglobin_change"], rel=0.08)


def test_pigments_change_as_they_were_edited(base):
    changes = pair(base, "redness").changes
    length = np.linalg.norm(HAEMOGLOBIN_OD - HAEMOGLOBIN_OD.mean())
    added = changes["haemoglobin_change"] * length
    assert changes["haemoglobin_density_change"] == pytest.approx(added, rel=0.05)
    assert changes["haemoglobin_density_contrast_change"] == pytest.approx(added, rel=0.05)
    assert changes["melanin_density_change"] == 0.0
    still = pair(base, "no_change").changes
    assert still["haemoglobin_density_change"] == 0.0


def test_the_scale_makes_the_area(base):
    plain = pair(base, "scar")
    assert plain.before.mm_per_px is None
    assert "scar_area_before_mm2" not in plain.changes
    scaled = pair(base, "scar", mm_per_px=0.05)
    area = scaled.before.scar.sum() * scaled.before.mm_per_px**2
    assert area == pytest.approx(scaled.changes["scar_area_before_mm2"], rel=0.04)
    after = scaled.after.scar.sum() * scaled.after.mm_per_px**2
    assert 100 * (after / area - 1) == pytest.approx(scaled.changes["scar_area_change_pct"], abs=4)


def test_files_rows_and_truth(base, tmp_path):
    (job,) = plan_semi(tmp_path, [base], n_pairs=1, seed=5, kinds=("redness",), width_px=1000)
    rows = write_semi(job)
    assert rows.truth["origin"] == "semi_synthetic"
    with Image.open(tmp_path / rows.photos[0]["photo"]) as photo:
        assert photo.getexif()[0x010E] == "edited photograph"
    assert rows.truth["base"] == "arm.png"
    assert rows.truth["in_photo"] == "nothing"
    assert rows.truth["relief_change_pct"] == ""
    assert float(rows.truth["redness_contrast_change_ei"]) < 0
    for row in rows.photos:
        assert (tmp_path / row["photo"]).is_file()
    assert (tmp_path / rows.photos[0]["roi"]).is_file()
    assert rows.session["treated_area"] == "local"


def test_what_cannot_serve_is_refused(base, tmp_path):
    with pytest.raises(UsageError, match=r"striae.*texture"):
        semi_case(base, "striae", 1, 0, width_px=1000)
    with pytest.raises(UsageError, match="at least 1"):
        plan_semi(tmp_path, [base], n_pairs=0, seed=1, width_px=1000)
    with pytest.raises(UsageError, match="no base"):
        plan_semi(tmp_path, [], n_pairs=1, seed=1, width_px=1000)
    with pytest.raises(UsageError, match="millimetres per pixel"):
        plan_semi(tmp_path, [base], n_pairs=1, seed=1, width_px=1000, mm_per_px=-1.0)
    green = tmp_path / "leaf.png"
    Image.new("RGB", (900, 700), (40, 120, 30)).save(green)
    with pytest.raises(UsageError, match=r"leaf\.png: no even patch of skin"):
        render_semi(replace(semi_case(base, "texture", 1, 0, width_px=800), base=str(green)))
    small = tmp_path / "small.png"
    Image.fromarray(np.asarray(Image.open(base))[:300, :400]).save(small)
    with pytest.raises(UsageError, match="500 pixels or more"):
        render_semi(replace(semi_case(base, "texture", 1, 0, width_px=800), base=str(small)))
    with pytest.raises(UnreadablePhoto):
        render_semi(replace(semi_case(base, "texture", 1, 0, width_px=800), base=str(Path("x"))))
