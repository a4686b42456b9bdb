"""From points clicked by a person to a transform and a smooth field.

The field has the form of ``kernels.geometry``: ``p_before = H · (p_after + d(p_after))``. H is
fitted by least squares, d is a thin-plate spline through what H leaves, smoothed by as much as
makes left-out points most predictable, and by more where it would otherwise fold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from dermadelta.kernels.geometry import apply_homography, inverse

Floats = NDArray[np.float64]

LEAST_POINTS = 4
LEAST_FOR_HOMOGRAPHY = 6
"""From here on a homography (8 numbers) is fitted, below an affine map (6): six points leave four
equations to spare, and a tilt of 15° moves the rim of the picture by more than a click errs."""

_SMOOTHING = tuple(10.0**power for power in (-6, -5, -4, -3, -2, -1, 0, 1))
"""Candidates, for points scaled to a spread of 1: from passing through every click to a plane."""

_LEAST_AREA = 0.3
"""Least area of the image of a unit of area under p + d(p); at 0 the field folds."""

_LATTICE = 24
"""Points per side of the box of the landmarks at which the field is held against folding."""

_LEAST_TO_NAME = 6
"""Of five landmarks, four are left to agree, which they do after many a wrong guess."""

_SUSPECTS = 6
"""Landmarks that are tried as the wrong one; bounds the work for long tables."""

_FAR_OFF = 10.0
"""Distance of a wrong landmark over the median disagreement of the others. From random tables of 6
to 10 landmarks on a frame of 4000 × 3000 px with clicks of 2 px, a tilt and a field of 0.3 to 1 %:
a click that is 300 px off is named in 7 to 10 of 10 tables, a table without one rarely (0 to 9 %)
has one named, and a right one is named in place of the wrong one in at most 2.5 %."""


def fit_landmarks(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Fit the transform that sends the after points to the before points.

    Parameters
    ----------
    before, after : (n, 2) float64
        The same n ≥ 4 points in both photos, (x, y) pixels, neither all on a line.

    Returns
    -------
    matrix : (3, 3) float64
        After to before: affine for 4 and 5 points, a homography from 6 points on (affine again
        where the best homography sends one of the points beyond the horizon). Least squares of the
        distances in the before photo.
    residual : (n, 2) float64
        What the transform leaves, in after pixels: ``before = matrix · (after + residual)``.

    Raises
    ------
    ValueError
        Fewer than 4 points, or points on a line. Remedy: give more, spread over the skin.

    References
    ----------
    Hartley, Zisserman, Multiple View Geometry, 2nd ed. 2004, algorithms 4.2 and 4.3
    (doi:10.1017/CBO9780511811685).
    """
    if len(after) < LEAST_POINTS:
        raise ValueError(f"{len(after)} landmarks; at least {LEAST_POINTS} are needed")
    matrix = _fit(before, after, homography=len(after) >= LEAST_FOR_HOMOGRAPHY)
    return matrix, apply_homography(inverse(matrix), before) - after


def smooth_residual(points_after: Floats, residual_after: Floats, nodes: Floats) -> Floats:
    """Carry the residuals of landmarks to other points by a smoothing thin-plate spline.

    Parameters
    ----------
    points_after, residual_after : (n, 2) float64
        Landmarks in the after photo and what the transform leaves there, after pixels.
    nodes : (..., 2) float64
        Where the displacement is wanted, after pixels. Far outside the landmarks the spline
        goes on growing: nothing is known there.

    Returns
    -------
    (..., 2) float64
        Displacement d, after pixels. ``p + d(p)`` does not fold between the landmarks; a residual
        that would make it fold is followed less closely.

    References
    ----------
    Wahba, Spline Models for Observational Data, 1990, section 2.4 (doi:10.1137/1.9781611970128).
    """
    return _spline(points_after, residual_after).at(nodes)


def leave_one_out(before: Floats, after: Floats) -> Floats:
    """How far each landmark lies from where the others put it.

    Transform and field are fitted without the landmark, with the smoothing of all of them.

    Parameters
    ----------
    before, after : (n, 2) float64
        As for ``fit_landmarks``.

    Returns
    -------
    (n,) float64
        Distance in before pixels. Its median over the landmarks says how well they agree; inf for
        a landmark without which the others lie on a line. Wrong clicks pull their neighbours, so
        the largest error need not be at fault: see ``wrong_landmark``.
    """
    everything = fit_landmarks(before, after)
    weight = _spline(after, everything[1]).smoothing
    homography = len(after) >= LEAST_FOR_HOMOGRAPHY
    errors = np.empty(len(after))
    for left_out in range(len(after)):
        others = np.arange(len(after)) != left_out
        try:
            matrix = _fit(before[others], after[others], homography)
        except ValueError:
            errors[left_out] = np.inf
            continue
        residual = apply_homography(inverse(matrix), before[others]) - after[others]
        moved = after[left_out] + _solve(after[others], residual, weight).at(after[left_out])
        errors[left_out] = np.hypot(*(apply_homography(matrix, moved) - before[left_out]))
    return errors


def wrong_landmark(before: Floats, after: Floats) -> int | None:
    """Index of the one landmark that contradicts the others, if there is one.

    A wrong click far out pulls the transform so much that its neighbours seem wrong. So each of
    the landmarks with the largest errors is taken out, and the one without which the others
    agree best is named, where it then lies far beyond what they agree to.

    Parameters
    ----------
    before, after : (n, 2) float64
        As for ``fit_landmarks``.

    Returns
    -------
    int or None
        None where all agree about equally, and for fewer than 6 landmarks: five may contradict
        one another without saying which of them is wrong.
    """
    if len(after) < _LEAST_TO_NAME:
        return None
    suspects = np.argsort(-leave_one_out(before, after), kind="stable")[:_SUSPECTS]
    agreement = {}
    for suspect in suspects:
        others = np.arange(len(after)) != suspect
        try:
            agreement[int(suspect)] = float(np.median(leave_one_out(before[others], after[others])))
        except ValueError:
            continue
    if not agreement:
        return None
    worst = min(agreement, key=lambda index: agreement[index])
    return worst if _off(before, after, worst) > _FAR_OFF * agreement[worst] else None


def _off(before: Floats, after: Floats, index: int) -> float:
    """Distance of one landmark from where the others put it, before pixels."""
    others = np.arange(len(after)) != index
    matrix, residual = fit_landmarks(before[others], after[others])
    moved = after[index] + smooth_residual(after[others], residual, after[index])
    return float(np.hypot(*(apply_homography(matrix, moved) - before[index])))


# ----------------------------------------------------------------------------- transform


def _fit(before: Floats, after: Floats, homography: bool) -> Floats:
    """Least-squares affine map or homography, in coordinates scaled to a spread of 1."""
    to_before, to_after = _scaling(before), _scaling(after)
    target, source = apply_homography(to_before, before), apply_homography(to_after, after)
    design = np.column_stack([source, np.ones(len(source))])
    rows, _, rank, _ = np.linalg.lstsq(design, target, rcond=1e-9)
    if rank < 3:
        raise ValueError("the landmarks lie on a line")
    fitted = np.vstack([rows.T, [0.0, 0.0, 1.0]])
    if homography:
        fitted = _with_perspective(fitted, target, source)
    matrix = inverse(to_before) @ fitted @ to_after
    return np.asarray(matrix / matrix[2, 2], dtype=np.float64)


def _with_perspective(affine: Floats, target: Floats, source: Floats) -> Floats:
    """Refine an affine map to the homography of least distances; itself where that fails."""

    def matrix_of(values: Floats) -> Floats:
        return np.append(values, 1.0).reshape(3, 3)

    def distances(values: Floats) -> Floats:
        return (apply_homography(matrix_of(values), source) - target).ravel()

    found = least_squares(distances, affine.ravel()[:8], method="lm", xtol=1e-12, ftol=1e-12)
    fitted = matrix_of(found.x)
    weights = source @ fitted[2, :2] + 1.0
    return fitted if np.isfinite(fitted).all() and weights.min() > 0.0 else affine


def _scaling(points: Floats) -> Floats:
    """Transform that moves the points to a mean of 0 and a root-mean-square distance of 1."""
    centre = points.mean(axis=0)
    size = float(np.sqrt(np.mean(np.sum((points - centre) ** 2, axis=1)))) or 1.0
    return np.array(
        [[1 / size, 0.0, -centre[0] / size], [0.0, 1 / size, -centre[1] / size], [0.0, 0.0, 1.0]]
    )


# -------------------------------------------------------------------------------- spline


@dataclass(frozen=True, eq=False)
class _Spline:
    """A thin-plate spline: weights of its n kernels, then its plane, (n + 3, 2)."""

    scaling: Floats
    knots: Floats
    weights: Floats
    smoothing: float

    def at(self, points: Floats) -> Floats:
        """Value (..., 2) at points (..., 2)."""
        flat = apply_homography(self.scaling, points).reshape(-1, 2)
        return (_basis(flat, self.knots) @ self.weights).reshape(np.shape(points))

    def least_area(self) -> float:
        """Least area of the image of a unit of area between the knots."""
        low, high = self.knots.min(axis=0), self.knots.max(axis=0)
        axes = [np.linspace(low[axis], high[axis], _LATTICE) for axis in (0, 1)]
        lattice = apply_homography(inverse(self.scaling), np.stack(np.meshgrid(*axes), axis=-1))
        moved = lattice + self.at(lattice)
        right, down = moved[:-1, 1:] - moved[:-1, :-1], moved[1:, :-1] - moved[:-1, :-1]
        cell = np.prod(lattice[1, 1] - lattice[0, 0])
        return float(np.min(right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0]) / cell)


def _spline(points: Floats, values: Floats) -> _Spline:
    """Spline of the most predictive smoothing that does not fold."""
    errors = [_left_out(points, values, smoothing) for smoothing in _SMOOTHING]
    first = int(np.argmin(errors))
    for smoothing in _SMOOTHING[first:]:
        spline = _solve(points, values, smoothing)
        if spline.least_area() >= _LEAST_AREA:
            break
    return spline


def _left_out(points: Floats, values: Floats, smoothing: float) -> float:
    """Mean distance of each value from the spline of the others, in closed form.

    The weight of a kernel over the diagonal of the inverse system is the error without it (Rippa,
    Adv. Comput. Math. 11, 1999, doi:10.1023/A:1018975909870). The mean, not the square: one wrong
    click must not decide.
    """
    system, right = _system(points, values, smoothing)
    back = np.linalg.inv(system)
    errors = (back @ right)[: len(points)] / np.diag(back)[: len(points), None]
    return float(np.mean(np.hypot(errors[:, 0], errors[:, 1])))


def _solve(points: Floats, values: Floats, smoothing: float) -> _Spline:
    system, right = _system(points, values, smoothing)
    scaling = _scaling(points)
    weights = np.asarray(np.linalg.solve(system, right), dtype=np.float64)
    return _Spline(scaling, apply_homography(scaling, points), weights, smoothing)


def _system(points: Floats, values: Floats, smoothing: float) -> tuple[Floats, Floats]:
    """Equations of a smoothing spline: kernels and plane, weights orthogonal to the plane."""
    count = len(points)
    scaled = apply_homography(_scaling(points), points)
    basis = _basis(scaled, scaled)
    system = np.zeros((count + 3, count + 3))
    system[:count] = basis
    system[:count, :count] += smoothing * np.eye(count)
    system[count:, :count] = basis[:, count:].T
    right = np.zeros((count + 3, 2))
    right[:count] = values
    return system, right


def _basis(points: Floats, knots: Floats) -> Floats:
    """Kernels r² ln r around the knots, then 1, x and y, (m, n + 3)."""
    squared = np.sum((points[:, None] - knots[None]) ** 2, axis=-1)
    kernels = 0.5 * squared * np.log(np.where(squared > 0.0, squared, 1.0))
    return np.column_stack([kernels, np.ones(len(points)), points])
