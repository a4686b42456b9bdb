"""The fit finds the variances that made the errors, and the factor makes intervals hold."""

import numpy as np
import pytest

from dermadelta.domain import Evidence, NotMeasured
from dermadelta.kernels.statistics import Z95
from dermadelta.measures import by_name
from dermadelta.variance.fit import Known, conformal_factor, fit_entry
from dermadelta.variance.model import predict

ROUGHNESS, REDNESS = by_name("roughness"), by_name("redness")


def evidence(measure, plain, reference, nuisances, sampling=1e-4, reference_sampling=1e-4):
    none = NotMeasured("no reference skin")
    return Evidence(
        measure=measure.name,
        version=measure.version,
        unit=measure.unit,
        region="roi",
        main=True,
        before=1.0,
        after=1.0,
        plain=float(plain),
        reference=none if reference is None else float(reference),
        source="none" if reference is None else "automatic",
        sampling=sampling,
        reference_sampling=0.0 if reference is None else reference_sampling,
        nuisances=tuple(nuisances.items()),
        identical=False,
        n_before=1,
        n_after=1,
        reason="",
    )


def simulated(n, seed, *, reference, change=0.0, tails=None, measure=ROUGHNESS):
    """Pairs whose light moves by a random amount: SD 0.01 own, 0.05 and 2 × shading shared."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        shading = random.uniform(0.0, 0.1) ** 2
        noise = random.standard_normal if tails is None else lambda: random.standard_t(tails)
        common = np.sqrt(0.05**2 + 4.0 * shading) * noise()
        own, skin = np.hypot(0.01, 0.02) * noise(), np.hypot(0.01, 0.015) * noise()
        plain = common + own + change + 0.1 * abs(change) * random.standard_normal()
        nuisances = {"shading": shading, "lean": random.uniform(0, 0.1) ** 2}
        known = evidence(measure, plain, common + skin if reference else None, nuisances)
        found.append(Known(known, change, 0.0, change != 0.0))
    return found


def coverage(entry, known, measure=ROUGHNESS):
    inside = []
    for item in known:
        found = predict(measure, item.evidence, entry)
        inside.append(abs(found.value - item.truth) <= Z95 * found.sd)
    return float(np.mean(inside))


def widths(entry, known, measure=ROUGHNESS):
    return float(np.median([predict(measure, k.evidence, entry).sd for k in known]))


def test_variance_without_reference_is_found_again():
    entry = fit_entry(ROUGHNESS, simulated(1500, 1, reference=False))
    at = {"base": 1.0, "sampling": 1e-4, "shading": 0.06**2, "lean": 0.05**2}
    found = sum(entry.alone.get(k, 0.0) * v for k, v in at.items()) * entry.alone_factor**2
    assert found == pytest.approx(0.05**2 + 4.0 * 0.06**2 + 0.02**2 + 0.01**2, rel=0.15)


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("tails", [None, 4])
def test_intervals_hold_95_per_cent_of_pairs_that_were_not_fitted(reference, tails):
    entry = fit_entry(ROUGHNESS, simulated(800, 2, reference=reference, tails=tails))
    assert coverage(entry, simulated(3000, 3, reference=reference, tails=tails)) == pytest.approx(
        0.95, abs=0.015
    )


def test_untreated_skin_takes_out_what_it_shares():
    alone = fit_entry(ROUGHNESS, simulated(600, 4, reference=False))
    corrected = fit_entry(ROUGHNESS, simulated(600, 5, reference=True))
    wide = widths(alone, simulated(300, 6, reference=False))
    narrow = widths(corrected, simulated(300, 7, reference=True))
    assert narrow < 0.4 * wide
    # Own and the reference's noise, 0.022 and 0.018, are what remains at best.
    assert narrow == pytest.approx(np.hypot(0.0224, 0.018), rel=0.25)


def test_a_difference_is_corrected_in_full():
    known = simulated(600, 8, reference=True, measure=REDNESS)
    entry = fit_entry(REDNESS, known)
    assert predict(REDNESS, known[0].evidence, entry).weight == 1.0
    assert coverage(entry, simulated(2000, 9, reference=True, measure=REDNESS), REDNESS) > 0.93


def test_what_a_change_adds_is_fitted_on_changed_pairs_only():
    still = simulated(400, 10, reference=True)
    changed = simulated(200, 11, reference=True, change=-0.6)
    without, entry = fit_entry(ROUGHNESS, still), fit_entry(ROUGHNESS, still + changed)
    assert without.per_change == 0.0
    assert entry.per_change == pytest.approx(0.1, abs=0.03)
    assert (entry.own, entry.shared) == (without.own, without.shared)


def test_heavy_tails_mean_that_a_prediction_is_less_sure():
    steady = fit_entry(ROUGHNESS, simulated(800, 12, reference=False))
    wild = fit_entry(ROUGHNESS, simulated(800, 13, reference=False, tails=4))
    assert wild.prior_df < 0.5 * steady.prior_df


def test_too_few_pairs_fit_nothing():
    assert fit_entry(ROUGHNESS, simulated(39, 14, reference=False)) is None


def test_the_same_pairs_give_the_same_model():
    known = simulated(100, 15, reference=True)
    assert fit_entry(ROUGHNESS, known) == fit_entry(ROUGHNESS, list(known))


def test_the_conformal_factor_is_the_quantile_that_holds_95_in_100():
    ratios = np.linspace(-3.0, 3.0, 999)
    assert conformal_factor(ratios) * Z95 == pytest.approx(0.95 * 3.0, abs=0.01)
    # Of 10 pairs none can vouch for 95 in 100: the largest error is taken.
    assert conformal_factor(np.arange(1.0, 11.0)) * Z95 == pytest.approx(10.0)
