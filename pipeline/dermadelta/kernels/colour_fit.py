"""Colour correction from known patches: one tone curve, one matrix, and how good they are.

Parameters are found by Gauss-Newton on L*a*b* differences, skin tones counting most, strong
colours less (as they are seen). The fall of light over the card is fitted with them and left out of
the model.

Measured on 60 simulated cameras (exposure ±0.5 EV, white balance ±12 %, gamma 0.85-1.15, S-curve
up to 0.12, saturation 0.85-1.2 in encoded values) with the 25 patches of the target card, SD of the
error of Δa* between a lesion and skin beside it, colours that are not on the card: matrix alone
0.20, with the tone curve 0.09. A cubic term (0.07), a saturation undone in encoded values (0.07)
and a root polynomial of degree 2 (Finlayson, Mackiewicz, Hurlbert 2015,
doi:10.1109/TIP.2015.2405336; 0.07) gain nothing that would be seen, and are not used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import D65_WHITE, SRGB_TO_XYZ, linear_to_lab
from dermadelta.kernels.colour_difference import ciede2000
from dermadelta.kernels.tone_curve import STRAIGHT, apply_tone, limited_tone, tone_features

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MIN_PATCHES = 8
"""Fewer patches than this do not hold 13 parameters and a check of them."""

_SKIN_WEIGHT = 2.0
_CHROMA_DISCOUNT = 0.02
"""Strong colours are seen, and matter here, less exactly: ΔE94 divides chroma by 1 + 0.045 C."""

_GRADIENT_SD, _GAMMA_SD, _BEND_SD = 0.1, 0.5, 0.15
"""Loose priors, in logarithms of light across half a card (10 %: a lamp at arm's length) and in the
slopes of the tone curve: they decide only where the patches cannot."""

_STEPS, _LEFT_OUT_STEPS = 25, 3
_SETTLED = 1e-7

_OUTLIER_DE00, _OUTLIER_TIMES = 6.0, 4.0
"""A patch is an outlier if it is off by more than both this and so many times the median patch."""

_DROPPED_SHARE = 0.25

_LAB_EPSILON = 216.0 / 24389.0
_LAB_KAPPA = 24389.0 / 27.0
_XYZ_TO_LAB = np.array([[0.0, 116.0, 0.0], [500.0, -500.0, 0.0], [0.0, 200.0, -200.0]])


@dataclass(frozen=True, eq=False)
class ColourFit:
    """A fitted correction and what it leaves.

    ``tone`` and ``matrix`` are those of ``corrected``. ``gradient`` is d ln(light) per unit of
    ``places`` in x and y, from the middle of the places. ``de00`` (n,) is ΔE00 of every patch by
    a model fitted without it; ``used`` (n,) is False for outliers, which no model was fitted to.
    ``residual_de00`` and ``residual_p95_de00`` are mean and 95th percentile over the used ones.
    ``grey_cast`` is what is left on neutral patches left out in turn, mean ln(R/G) and ln(B/G);
    (0, 0) without neutral patches.
    """

    tone: tuple[float, float]
    matrix: Floats
    gradient: tuple[float, float]
    de00: Floats
    used: Flags
    residual_de00: float
    residual_p95_de00: float
    grey_cast: tuple[float, float]

    @property
    def dropped(self) -> tuple[int, ...]:
        """Rows of the patches that were outliers."""
        return tuple(int(row) for row in np.flatnonzero(~self.used))


def corrected(linear: Floats, tone: tuple[float, float], matrix: Floats) -> Floats:
    """Linear light (..., 3) as taken to linear sRGB: the tone curve, then the matrix."""
    return np.asarray(apply_tone(linear, tone) @ matrix.T, dtype=np.float64)


def fit_colour(measured: Floats, reference: Floats, places: Floats, *, tone: bool) -> ColourFit:
    """Fit tone curve and matrix to patches, and see what they leave on patches left out.

    Parameters
    ----------
    measured : (n, 3) float64
        Linear light as taken, 0..1, unsaturated.
    reference : (n, 3) float64
        What it should be, linear sRGB, D65.
    places : (n, 2) float64
        Where the patches lie on the card, any unit.
    tone : bool
        Whether a tone curve is fitted; otherwise a matrix alone (for developed raw data).

    Returns
    -------
    ColourFit
        The same for any order of the patches, within rounding.

    Raises
    ------
    ValueError
        Fewer than ``MIN_PATCHES`` patches, or shapes that do not agree.
    """
    shapes_agree = measured.shape == reference.shape == (len(places), 3) and places.ndim == 2
    if not shapes_agree or len(places) < MIN_PATCHES:
        raise ValueError(
            f"a colour fit needs (n, 3) measured and reference colours and (n, 2) places of at"
            f" least {MIN_PATCHES} patches, not {measured.shape}, {reference.shape},"
            f" {places.shape}"
        )
    centred = places - places.mean(axis=0)
    extent = max(float(np.abs(centred).max()), 1e-12)
    problem = _Problem(measured, reference, centred / extent, tone)
    used = _inliers(problem)
    whole = _solve(problem, problem.start(used), used, _STEPS)
    left_out = np.array([_without(problem, whole, used, row) for row in range(len(places))])
    de00 = ciede2000(linear_to_lab(left_out), problem.lab)
    neutral = used & problem.neutral
    gradient = whole[problem.gradient] / extent
    b, c = problem.tone_of(whole)
    return ColourFit(
        tone=(float(b), float(c)),
        matrix=whole[problem.matrix].reshape(3, 3).copy(),
        gradient=(float(gradient[0]), float(gradient[1])),
        de00=de00,
        used=used,
        residual_de00=float(de00[used].mean()),
        residual_p95_de00=float(np.percentile(de00[used], 95)),
        grey_cast=_grey_cast(left_out[neutral], reference[neutral]),
    )


class _Problem:
    """The patches, and what the parameters make of them.

    Parameters are in one row: b and c of the tone curve (if fitted), nine of the matrix by rows,
    two of the gradient.
    """

    def __init__(self, measured: Floats, reference: Floats, places: Floats, tone: bool) -> None:
        self.measured, self.reference, self.places = measured, reference, places
        self.features = tone_features(measured)
        self.lab = np.asarray(linear_to_lab(reference), dtype=np.float64)
        chroma = np.hypot(self.lab[:, 1], self.lab[:, 2])
        self.neutral = chroma < 5.0
        skin = _SKIN_WEIGHT * _like_skin(self.lab)
        self.weights = np.maximum(skin, 1.0 / (1.0 + _CHROMA_DISCOUNT * chroma))
        self.n_tone = 2 if tone else 0
        self.matrix = slice(self.n_tone, self.n_tone + 9)
        self.gradient = slice(self.n_tone + 9, self.n_tone + 11)
        spread = [_GAMMA_SD, _BEND_SD][: self.n_tone]
        self.prior = np.array([1.0 / sd for sd in spread] + [0.0] * 9 + [1.0 / _GRADIENT_SD] * 2)
        self.centre = np.array([*STRAIGHT[: self.n_tone], *np.eye(3).ravel(), 0.0, 0.0])

    def tone_of(self, parameters: Floats) -> tuple[float, float]:
        """B and c of the tone curve."""
        return (parameters[0], parameters[1]) if self.n_tone else STRAIGHT

    def start(self, used: Flags) -> Floats:
        """Gains per channel, so that the first step is a small one."""
        # The median, so that a covered patch does not decide where the search begins.
        ratio = np.median(self.reference[used] / np.maximum(self.measured[used], 1e-4), axis=0)
        start = self.centre.copy()
        start[self.matrix] = np.diag(ratio).ravel()
        return start

    def light(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Tone-corrected light (n, 3), and what the whole model makes of it (n, 3)."""
        b, c = self.tone_of(parameters)
        bent = np.exp(b * self.features[0] + c * self.features[1])
        gain = np.exp(-self.places @ parameters[self.gradient])
        bent = bent * gain[:, None]
        return bent, bent @ parameters[self.matrix].reshape(3, 3).T

    def residuals(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Differences in L*a*b* (n, 3), and their derivatives (n, 3, parameters)."""
        bent, light = self.light(parameters)
        matrix = parameters[self.matrix].reshape(3, 3)
        by = np.zeros((len(bent), 3, len(parameters)))
        for power in range(self.n_tone):
            by[..., power] = (bent * self.features[power]) @ matrix.T
        for row in range(3):
            by[:, row, self.n_tone + 3 * row : self.n_tone + 3 * row + 3] = bent
        by[..., self.gradient] = -light[:, :, None] * self.places[:, None, :]
        return linear_to_lab(light) - self.lab, _lab_by_linear(light) @ by


def _like_skin(lab: Floats) -> Floats:
    """1 for colours that skin has, pale or dark, calm or inflamed; 0 for others."""
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    skin = (hue > 10.0) & (hue < 80.0) & (chroma > 6.0) & (chroma < 50.0)
    return np.asarray(skin & (lab[:, 0] > 12.0) & (lab[:, 0] < 90.0), dtype=np.float64)


def _lab_by_linear(light: Floats) -> Floats:
    """Derivatives of L*a*b* by linear sRGB, (n, 3, 3)."""
    relative = SRGB_TO_XYZ / D65_WHITE[:, None]
    xyz = light @ relative.T
    slope = np.where(
        xyz > _LAB_EPSILON,
        np.maximum(xyz, _LAB_EPSILON) ** (-2.0 / 3.0) / 3.0,
        _LAB_KAPPA / 116.0,
    )
    return np.asarray(_XYZ_TO_LAB @ (slope[:, :, None] * relative), dtype=np.float64)


def _solve(
    problem: _Problem, start: Floats, used: Flags, steps: int, *, robust: bool = False
) -> Floats:
    """Gauss-Newton on the used patches; ``robust`` takes weight from those that do not fit."""
    parameters = start
    for _ in range(steps):
        off, by = problem.residuals(parameters)
        weights = problem.weights * used
        if robust:
            size = np.linalg.norm(off, axis=1)
            weights = weights / (1.0 + (size / (1.0 + 2.0 * np.median(size[used]))) ** 2)
        design = (by * weights[:, None, None]).reshape(-1, len(parameters))
        target = (off * weights[:, None]).ravel()
        gram = design.T @ design + np.diag(problem.prior**2)
        # Powers of ten below every parameter that matters; keeps a degenerate card solvable.
        gram += np.diag(1e-9 * (1.0 + np.diag(gram)))
        pull = problem.prior**2 * (problem.centre - parameters)
        step = np.linalg.solve(gram, pull - design.T @ target)
        parameters = parameters + step
        if problem.n_tone:
            parameters[:2] = limited_tone(float(parameters[0]), float(parameters[1]))
        if np.abs(step).max() < _SETTLED:
            break
    return parameters


def _without(problem: _Problem, whole: Floats, used: Flags, row: int) -> Floats:
    """What a model fitted without one patch makes of it, (3,); from the whole fit it is near."""
    others = used.copy()
    others[row] = False
    parameters = _solve(problem, whole, others, _LEFT_OUT_STEPS) if used[row] else whole
    return np.asarray(problem.light(parameters)[1][row], dtype=np.float64)


def _inliers(problem: _Problem) -> Flags:
    """Patches without those that are covered or shine: the worst first, at most a quarter."""
    used = np.ones(len(problem.lab), dtype=np.bool_)
    parameters = problem.start(used)
    for _ in range(int(_DROPPED_SHARE * len(used)) + 1):
        parameters = _solve(problem, problem.start(used), used, _STEPS, robust=True)
        de00 = ciede2000(linear_to_lab(problem.light(parameters)[1]), problem.lab)
        limit = max(_OUTLIER_DE00, _OUTLIER_TIMES * float(np.median(de00[used])))
        worst = int(np.argmax(np.where(used, de00, 0.0)))
        room = (~used).sum() < int(_DROPPED_SHARE * len(used))
        if de00[worst] <= limit or not room:
            break
        used[worst] = False
    return used


def _grey_cast(predicted: Floats, reference: Floats) -> tuple[float, float]:
    """Mean ln(R/G) and ln(B/G) that are left on neutral patches."""
    if len(predicted) == 0:
        return 0.0, 0.0
    left = np.log(np.maximum(predicted, 1e-4) / np.maximum(reference, 1e-4))
    return (
        float(np.mean(left[:, 0] - left[:, 1])),
        float(np.mean(left[:, 2] - left[:, 1])),
    )
