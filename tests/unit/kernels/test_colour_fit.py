"""Colour fits on simulated cameras whose every setting is known."""

import numpy as np
import pytest

from dermadelta.kernels.card import patches
from dermadelta.kernels.colour import linear_to_lab, srgb_decode, srgb_encode
from dermadelta.kernels.colour_difference import ciede2000
from dermadelta.kernels.colour_fit import MIN_PATCHES, corrected, fit_colour
from dermadelta.kernels.tone_curve import apply_tone

CARD = srgb_decode(np.array([patch.srgb for patch in patches()]) / 255.0)
PLACES = np.array([patch.corners.mean(axis=0) for patch in patches()])
NAMES = [patch.name for patch in patches()]

# Optical density of skin without pigment, of melanin and of blood, red, green, blue: spectra of
# Jacques, Phys. Med. Biol. 58:R37 (2013), rounded; only that they are unlike the card's patches.
BARE, MELANIN, BLOOD = ([0.45, 0.6, 0.75], [0.28, 0.42, 0.65], [0.10, 0.95, 0.75])


def skin(melanin, blood):
    amounts = np.multiply.outer(melanin, MELANIN) + np.multiply.outer(blood, BLOOD)
    return np.exp(-(np.array(BARE) + amounts))


class Camera:
    """Exposure ±0.5 EV, white balance ±12 %, unknown tone curve and saturation, light gradient."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        white = [rng.uniform(0.88, 1.12), 1.0, rng.uniform(0.88, 1.12)]
        self.gain = 2.0 ** rng.uniform(-0.5, 0.5) * np.array(white)
        self.gamma, self.contrast = rng.uniform(0.85, 1.15), rng.uniform(0.0, 0.12)
        self.saturation = rng.uniform(0.85, 1.2)
        self.gradient = rng.normal(0.0, 0.01, 2)
        self.noise = rng

    def shoot(self, light, places=None):
        if places is not None:
            light = light * np.exp((places - PLACES.mean(axis=0)) @ self.gradient)[:, None]
        value = srgb_encode(light * self.gain) ** self.gamma
        value = value + self.contrast * (value * value * (3.0 - 2.0 * value) - value)
        grey = value @ [0.299, 0.587, 0.114]
        value = grey[:, None] + self.saturation * (value - grey[:, None])
        value = value + self.noise.normal(0.0, 0.0005, value.shape)
        return srgb_decode(np.clip(value, 0.0, 1.0))


def fitted(camera, *, tone=True, cover=()):
    seen = camera.shoot(CARD, PLACES)
    seen[list(cover)] = 0.35, 0.2, 0.6
    usable = seen.max(axis=1) < 0.95
    return fit_colour(seen[usable], CARD[usable], PLACES[usable], tone=tone), usable


def errors(seeds, *, tone):
    """Errors of a lesion's Δa*, and ΔE00 of patches left out."""
    off, left = [], []
    for seed in seeds:
        camera = Camera(seed)
        fit, _ = fitted(camera, tone=tone)
        melanin, blood = camera.noise.uniform(0.2, 3.5, 30), camera.noise.uniform(0.1, 0.4, 30)
        calm, red = skin(melanin, blood), skin(melanin, blood + 0.3)
        before, after = (
            linear_to_lab(corrected(camera.shoot(x), fit.tone, fit.matrix)) for x in (calm, red)
        )
        off.append((after - before)[:, 1] - (linear_to_lab(red) - linear_to_lab(calm))[:, 1])
        left.append(fit.de00[fit.used])
    return np.concatenate(off), np.concatenate(left)


def test_a_model_of_its_own_kind_is_found_exactly():
    tone, gradient = (1.1, -0.02), np.array([0.03, -0.02])
    matrix = np.array([[1.2, 0.1, -0.05], [0.02, 0.9, 0.04], [-0.03, 0.1, 1.4]])
    bent = CARD * np.exp((PLACES - PLACES.mean(axis=0)) @ gradient)[:, None]
    bent = bent @ np.linalg.inv(matrix).T
    log = np.log(bent)  # the root of b u + c u² = ln of what the curve must give
    u = (-tone[0] + np.sqrt(tone[0] ** 2 + 4.0 * tone[1] * log)) / (2.0 * tone[1])
    seen = np.exp(u)
    assert apply_tone(seen, tone) == pytest.approx(bent, rel=1e-9)
    assert seen.min() > 0.01
    fit = fit_colour(seen, CARD, PLACES, tone=True)
    # The loose priors are felt in the third digit.
    assert fit.tone == pytest.approx(tone, abs=5e-3)
    assert fit.matrix == pytest.approx(matrix, abs=1e-2)
    assert fit.gradient == pytest.approx(gradient, abs=5e-3)
    assert fit.residual_de00 < 0.15
    assert fit.dropped == ()
    assert fit.grey_cast == pytest.approx((0.0, 0.0), abs=1e-3)


def test_lesions_are_redder_by_the_right_amount_under_unknown_cameras():
    off, left = errors(range(1, 81, 2), tone=True)
    assert np.std(off) <= 0.4
    assert abs(np.mean(off)) <= 0.1
    assert np.mean(left) <= 1.5
    assert np.percentile(left, 95) <= 3.0


def test_without_the_curve_it_is_worse():
    with_curve, left_with = errors(range(1, 41, 2), tone=True)
    without, left_without = errors(range(1, 41, 2), tone=False)
    assert np.std(without) > np.std(with_curve)
    assert np.mean(left_without) > 1.5 * np.mean(left_with)


@pytest.mark.parametrize("seed", [3, 5])
def test_patches_left_out_are_as_in_fits_from_the_beginning(seed):
    fit, usable = fitted(Camera(seed))
    seen = Camera(seed).shoot(CARD, PLACES)
    assert fit.dropped == ()
    rows = np.flatnonzero(usable)
    for row in (0, 4, 9, 15):
        others = np.delete(rows, row)
        alone = fit_colour(seen[others], CARD[others], PLACES[others], tone=True)
        # Places are counted from the middle of those that are left.
        place = PLACES[rows[row]] - PLACES[others].mean(axis=0)
        light = corrected(seen[rows[row]], alone.tone, alone.matrix)
        light = light * np.exp(-(place @ np.array(alone.gradient)))
        expected = ciede2000(linear_to_lab(light), linear_to_lab(CARD[rows[row]]))
        assert alone.dropped == ()
        assert float(expected) == pytest.approx(fit.de00[row], abs=0.02)


@pytest.mark.parametrize("cover", [(3,), (8, 17), (1, 6, 12, 20)])
def test_covered_patches_are_named_and_left_out(cover):
    camera = Camera(7)
    camera.gain = camera.gain / camera.gain.max()  # nothing saturated: all rows stay
    fit, usable = fitted(camera, cover=cover)
    assert usable.all()
    assert fit.dropped == cover
    assert (fit.de00[list(cover)] > 6.0).all()
    assert fit.residual_de00 < 1.5


def test_a_card_of_the_wrong_colours_is_not_explained_away():
    shuffled = np.random.default_rng(4).permutation(len(CARD))
    fit = fit_colour(CARD[shuffled], CARD, PLACES, tone=True)
    assert fit.residual_de00 > 6.0
    assert len(fit.dropped) <= len(CARD) // 4
    assert np.isfinite(fit.matrix).all()


def test_the_order_of_patches_does_not_matter():
    seen = Camera(9).shoot(CARD, PLACES)
    turned = np.arange(len(CARD))[::-1]
    one = fit_colour(seen, CARD, PLACES, tone=True)
    two = fit_colour(seen[turned], CARD[turned], PLACES[turned], tone=True)
    assert one.matrix == pytest.approx(two.matrix, abs=1e-6)
    assert one.de00 == pytest.approx(two.de00[turned], abs=1e-5)


def test_what_is_left_on_greys_is_seen():
    grey = np.array([name.startswith("grey") for name in NAMES])
    tinted = CARD.copy()
    tinted[grey] *= 1.06, 1.0, 1.0  # greys of the print are reddish, which no model can undo
    red, blue = fit_colour(tinted, CARD, PLACES, tone=True).grey_cast
    assert 0.01 < red < 0.06
    assert abs(blue) < red


def test_a_raw_photo_needs_no_curve():
    seen = CARD @ np.array([[0.8, 0.2, 0.0], [0.1, 0.8, 0.1], [0.0, 0.3, 0.7]]).T
    fit = fit_colour(seen, CARD, PLACES, tone=False)
    assert fit.tone == (1.0, 0.0)
    assert fit.residual_de00 < 1e-3


def test_too_few_patches():
    with pytest.raises(ValueError, match=f"at least {MIN_PATCHES} patches"):
        fit_colour(CARD[:7], CARD[:7], PLACES[:7], tone=True)
    with pytest.raises(ValueError, match="colour fit needs"):
        fit_colour(CARD, CARD[:9], PLACES, tone=True)
