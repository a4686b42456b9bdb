from dataclasses import replace

import numpy as np
import pytest

from dermadelta.config import Config
from dermadelta.domain import (
    REFERENCE,
    Comparability,
    Interval,
    Measure,
    Need,
    NotMeasured,
    Read,
    Reading,
    Role,
    Settings,
    Tiles,
    TreatedArea,
    Verdict,
    WithinVisit,
)
from dermadelta.kernels.statistics import Z95
from dermadelta.stages.estimate import EstimateConfig, estimate
from dermadelta.stages.gather import GatherConfig, gather
from dermadelta.variance.model import GUESS, Entry, VarianceModel
from dermadelta.variance.nuisances import NUISANCES

CONFIG = EstimateConfig()
N_TILES = 100


class Params(Settings):
    """None."""


def unread(view, params):
    raise AssertionError("the estimate reads nothing")


def record(name="made_up", **changes) -> Measure:
    made = Measure(
        name=name,
        title="Made up",
        unit="1",
        change="difference",
        better="lower",
        family="made_up",
        needs=frozenset(),
        uses_reference=False,
        fragile_to=frozenset(),
        params=Params,
        read=unread,
        version=1,
        references=("none",),
    )
    return replace(made, **changes)


def spread(seed=0):
    """Tile values of mean 0 and SD 1, exactly."""
    values = np.random.default_rng(seed).standard_normal(N_TILES)
    return (values - values.mean()) / values.std()


def tiled(values, combine="mean", **changes) -> Read:
    values = np.asarray(values, dtype=np.float64)
    tiles = Tiles(np.arange(N_TILES, dtype=np.int32), np.ones(N_TILES), values, combine)
    return Read(float(values.sum() if combine == "sum" else values.mean()), tiles, **changes)


def reading(role, result, name="made_up", photo_id=None, region="roi") -> Reading:
    return Reading(name, role, photo_id or role.value, region, result)


def both(before, after, name="made_up", region="roi"):
    return [
        reading(Role.BEFORE, before, name, region=region),
        reading(Role.AFTER, after, name, region=region),
    ]


@pytest.fixture(scope="module")
def carried(bench):
    """Views and facts of two like photos; the readings are made up."""
    skin = bench.FormulaSkin()
    still = bench.homography_only(np.eye(3))
    return bench.views_of([skin.aligned(), skin.aligned(role=Role.AFTER, alignment=still)])


def entry(**changes) -> Entry:
    """Sampling and every nuisance count once, and nothing else does."""
    each = {"sampling": 1.0, **dict.fromkeys(NUISANCES, 1.0)}
    return Entry(
        version=1,
        alone=each,
        own=each,
        skin={"sampling": 1.0},
        shared={"base": 1e-3, "shading": 1.0},
    ).model_copy(update=changes)


def model_of(catalogue, **changes) -> VarianceModel:
    entries = {item.name: entry(**changes) for item in catalogue}
    return VarianceModel(name="test", made={}, measures=entries)


@pytest.fixture(scope="module")
def rows(bench, carried):
    def make(
        readings,
        catalogue,
        *,
        source="none",
        views=None,
        align=None,
        config=CONFIG,
        model=None,
        within=(),
    ):
        evidence = gather(
            readings,
            views or carried,
            Comparability((), (), 0.0),
            bench.homography_only(np.eye(3), **(align or {})),
            catalogue,
            source,
            GatherConfig(),
        )
        return estimate(evidence, within, model or model_of(catalogue), catalogue, config)

    return make


# --------------------------------------------------------------------- change, interval


def test_a_difference_and_its_interval_are_those_of_the_tiles(rows):
    before, after = tiled(5.0 + 0 * spread()), tiled(5.0 + 2.0 + spread())
    (row,) = rows(both(before, after), [record()])
    half = Z95 * 1.0 / np.sqrt(N_TILES)
    assert (row.before, row.after) == pytest.approx((5.0, 7.0))
    assert row.change.value == pytest.approx(2.0)
    assert row.change.high - 2.0 == pytest.approx(half, rel=0.15)
    assert 2.0 - row.change.low == pytest.approx(row.change.high - 2.0)
    assert row.sdc == pytest.approx(row.change.high - 2.0)
    assert isinstance(row.change_pct, NotMeasured)
    assert dict(row.variance)["sampling"] == pytest.approx(0.01, rel=0.3)


def test_a_ratio_is_a_change_of_the_logarithm(rows):
    before, after = tiled(np.exp(0 * spread())), tiled(0.75 * np.exp(0.1 * spread()))
    (row,) = rows(both(before, after), [record(change="ratio")])
    moved = np.log(after.value / before.value)
    assert row.change_pct.value == pytest.approx(100 * np.expm1(moved))
    half = np.log1p(row.change_pct.high / 100) - moved
    assert moved - np.log1p(row.change_pct.low / 100) == pytest.approx(half)
    assert row.change.value == pytest.approx(after.value - before.value)
    assert row.improvement_pct == pytest.approx(-row.change_pct.value)
    # The smallest fall that the interval would not hold: 100 (1 - e^-half).
    assert row.sdc == pytest.approx(100 * (1 - np.exp(-half)))
    assert row.change_plain == pytest.approx(row.change_pct.value)


def test_identical_sides_have_no_change_and_no_doubt(rows):
    same = tiled(3.0 + 0.1 * spread(), blur_sensitivity=-0.2)
    everything = frozenset({"light", "blur", "colour", "alignment", "scale", "outline"})
    (row,) = rows(both(same, same), [record(change="ratio", fragile_to=everything)])
    assert row.change == Interval(0.0, 0.0, 0.0)
    assert row.verdict is Verdict.NO_DETECTABLE_CHANGE


def test_repeats_are_averaged_in_the_log_domain(rows):
    values = [4.0, 9.0]
    readings = [reading(Role.BEFORE, tiled(2.0 + 0 * spread()))]
    readings += [reading(Role.AFTER, tiled(v + 0 * spread())) for v in values]
    (ratio,) = rows(readings, [record(change="ratio")])
    assert ratio.after == pytest.approx(6.0)
    assert ratio.change_pct.value == pytest.approx(200.0)
    (difference,) = rows(readings, [record()])
    assert difference.after == pytest.approx(6.5)
    assert difference.change.value == pytest.approx(4.5)


def test_a_repeat_that_could_not_be_read_is_left_out(rows):
    readings = [
        *both(tiled(2.0 + 0 * spread()), tiled(3.0 + 0 * spread())),
        reading(Role.AFTER, NotMeasured("too soft"), photo_id="again"),
    ]
    (row,) = rows(readings, [record()])
    assert row.change.value == pytest.approx(1.0)
    missing = [readings[0], readings[2]]
    (row,) = rows(missing, [record()])
    assert row.verdict is Verdict.NOT_MEASURED
    assert row.reason == "too soft"
    assert row.before == pytest.approx(2.0)


# ----------------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("better", "down", "up"),
    [
        ("lower", Verdict.IMPROVED, Verdict.WORSENED),
        ("higher", Verdict.WORSENED, Verdict.IMPROVED),
        ("neither", Verdict.DECREASED, Verdict.INCREASED),
    ],
)
@pytest.mark.parametrize("change", ["ratio", "difference"])
def test_verdicts_say_what_a_change_means(rows, better, down, up, change):
    low, high = tiled(5.0 + 0.1 * spread()), tiled(8.0 + 0.1 * spread(1))
    item = record(better=better, change=change)
    (fell,) = rows(both(high, low), [item])
    (rose,) = rows(both(low, high), [item])
    assert (fell.verdict, rose.verdict) == (down, up)
    if better == "neither":
        assert isinstance(fell.improvement_pct, NotMeasured)
    elif change == "ratio":
        assert (fell.improvement_pct > 0) == (down is Verdict.IMPROVED)
        assert (rose.improvement_pct > 0) == (up is Verdict.IMPROVED)


def test_what_the_interval_holds_is_no_detectable_change(rows):
    (row,) = rows(both(tiled(5 + 0 * spread()), tiled(5.1 + spread())), [record()])
    assert row.change.low < 0.0 < row.change.high
    assert row.verdict is Verdict.NO_DETECTABLE_CHANGE


def test_holm_takes_back_what_does_not_survive_it(rows):
    """z = 2.3: p = 0.021 stands alone, but not as one of three primary measures."""
    readings, names = [], ("one", "two", "three")
    for index, (name, shift) in enumerate(zip(names, (0.23, 0.01, -0.02), strict=True)):
        readings += both(tiled(0 * spread()), tiled(shift + spread(index)), name)
    catalogue = [record(name) for name in names]
    alone = EstimateConfig(primary=("one",))
    family = EstimateConfig(primary=names)
    one = rows(readings, catalogue, config=alone)[0]
    assert one.primary
    assert one.verdict is Verdict.WORSENED
    one = rows(readings, catalogue, config=family)[0]
    assert one.change.low > 0.0
    assert one.verdict is Verdict.NO_DETECTABLE_CHANGE
    assert "Holm" in one.reason
    none = rows(readings, catalogue, config=EstimateConfig(primary=("two",)))[0]
    assert not none.primary
    assert none.verdict is Verdict.WORSENED
    assert none.reason == "exploratory"


def test_a_clear_change_survives_holm(rows):
    readings = []
    for name, shift in (("one", 0.6), ("two", 0.01)):
        readings += both(tiled(0 * spread()), tiled(shift + spread()), name)
    config = EstimateConfig(primary=("one", "two"))
    found = rows(readings, [record("one"), record("two")], config=config)
    assert [row.verdict for row in found] == [Verdict.WORSENED, Verdict.NO_DETECTABLE_CHANGE]


# ---------------------------------------------------------------------------- nuisances


@pytest.mark.parametrize("nuisance", ["light", "blur", "colour", "alignment", "scale", "outline"])
@pytest.mark.parametrize("change", ["ratio", "difference"])
def test_every_kind_of_nuisance_widens_the_interval(rows, carried, nuisance, change):
    if change == "difference" and nuisance in ("scale", "outline"):
        pytest.skip("relative terms belong to ratio measures")
    own = {"blur_sensitivity": -0.3, "own_rel_sd": 0.05}
    readings = both(tiled(5 + 0.1 * spread(), **own), tiled(6 + 0.1 * spread(1), **own))
    facts = {"shading_shift": 0.1, "sigma2_px2": 0.2, "ln_white_balance": (0.1, 0.1)}
    differing = tuple(replace(f, **facts) if f.role is Role.AFTER else f for f in carried.facts)
    without, fragile = (
        rows(
            readings,
            [record(change=change, fragile_to=names)],
            views=replace(carried, facts=differing),
            align={"rms_px": 2.0, "correlation": 0.5},
        )[0]
        for names in (frozenset(), frozenset({nuisance}))
    )
    assert fragile.change.value == without.change.value
    widths = [row.change.high - row.change.low for row in (without, fragile)]
    assert widths[1] > widths[0]
    new = set(dict(fragile.variance)) - set(dict(without.variance))
    assert new
    assert all(nuisance in NUISANCES[name].concerns for name in new)


@pytest.mark.parametrize(
    ("nuisance", "facts"),
    [
        ("shading", {"shading_shift": 0.3}),
        ("lean", {"lean": (0.9, 0.1)}),
        ("uneven", {"region_ln_exposure": 0.5}),
        ("exposure", {"ln_exposure": 0.7}),
        ("blur", {"sigma2_px2": 0.9}),
        ("blur_error", {"sigma2_se_px2": 0.9}),
        ("blur_unknown", {"sigma2_px2": NotMeasured("unknown")}),
        ("noise", {"noise_share": 0.9}),
        ("noise_level", {"noise_share": 0.9}),
        ("compression", {"jpeg_step": 20.0}),
        ("white_balance", {"ln_white_balance": (0.4, 0.0)}),
        ("clipping", {"clipped_share": 0.2}),
    ],
)
def test_the_more_the_photos_differ_the_wider(rows, carried, nuisance, facts):
    own = {"blur_sensitivity": -0.3}
    readings = both(tiled(5 + 0.1 * spread(), **own), tiled(6 + 0.1 * spread(1), **own))
    item = record(change="ratio", fragile_to=NUISANCES[nuisance].concerns)
    worse = replace(
        carried,
        facts=tuple(replace(f, **facts) if f.role is Role.AFTER else f for f in carried.facts),
    )
    near, far = (rows(readings, [item], views=views)[0] for views in (carried, worse))
    assert dict(far.variance)[nuisance] > 1.05 * dict(near.variance).get(nuisance, 0.0)
    assert far.change_pct.high - far.change_pct.low > near.change_pct.high - near.change_pct.low
    assert far.sdc > near.sdc


def test_a_worse_alignment_widens(rows):
    readings = both(tiled(5 + 0.5 * spread()), tiled(6 + 0.5 * spread(1)))
    item = record(change="ratio", fragile_to=frozenset({"alignment"}))
    near, far = (
        dict(rows(readings, [item], align={"rms_px": rms})[0].variance)["edge"]
        for rms in (0.2, 4.0)
    )
    assert far > 10 * near


# ---------------------------------------------------------------------- reference skin


def test_a_colour_change_is_the_change_of_the_contrast(rows):
    """White balance adds 4 EI to both; the skin itself lost 3."""
    item = record(uses_reference=True, needs=frozenset({Need.COLOUR_ANCHOR}))
    readings = both(tiled(20 + 0.1 * spread()), tiled(21 + 0.1 * spread(1)))
    readings += both(tiled(12 + 0.1 * spread(2)), tiled(16 + 0.1 * spread(3)), region=REFERENCE)
    (row,) = rows(readings, [item], source="given")
    assert row.change.value == pytest.approx(-3.0)
    assert row.change_plain == pytest.approx(1.0)
    assert row.change_reference == pytest.approx(-3.0)
    assert row.reference_weight == 1.0
    assert row.reference == "given"
    assert row.verdict is Verdict.IMPROVED


def test_without_an_anchor_no_colour_change_is_claimed(rows, carried):
    item = record(uses_reference=True, needs=frozenset({Need.COLOUR_ANCHOR}))
    readings = both(tiled(20 + 0.1 * spread()), tiled(10 + 0.1 * spread(1)))
    alone = replace(carried, views=tuple(v for v in carried.views if v.region == "roi"))
    (row,) = rows(readings, [item], views=alone)
    assert row.verdict is Verdict.NOT_MEASURED
    assert "white balance" in row.reason
    assert (row.before, row.after) == pytest.approx((20.0, 10.0))


def texture(reference_factor, *, light=True):
    """Region falls to 0.8; the reference reads ``reference_factor`` as much as before."""
    fragile = frozenset({"light"}) if light else frozenset()
    item = record(change="ratio", uses_reference=True, fragile_to=fragile)
    readings = both(tiled(1 + 0.02 * spread()), tiled(0.8 * (1 + 0.02 * spread(1))))
    readings += both(
        tiled(1 + 0.02 * spread(2)),
        tiled(reference_factor * (1 + 0.02 * spread(3))),
        region=REFERENCE,
    )
    return item, readings


def test_texture_is_corrected_as_far_as_the_reference_moved(rows):
    item, readings = texture(0.8)
    (row,) = rows(readings, [item], source="automatic")
    assert row.change_plain == pytest.approx(-20.0, abs=0.5)
    assert row.change_reference == pytest.approx(0.0, abs=0.5)
    assert 0.5 < row.reference_weight <= 1.0
    assert row.change_reference > row.change_pct.value > row.change_plain
    assert "unexplained" in dict(row.variance), "the reference moved by more than was foreseen"
    item, readings = texture(1.0)
    (still,) = rows(readings, [item], source="automatic")
    assert still.change_pct.value == pytest.approx(-20.0, abs=0.6)
    assert still.verdict is Verdict.IMPROVED


def test_reference_skin_narrows_what_the_lamp_may_have_done(rows, carried):
    item, readings = texture(1.0)
    model = VarianceModel(name="test", made={}, measures={item.name: GUESS["ratio"]})
    (with_it,) = rows(readings, [item], source="automatic", model=model)
    alone = replace(carried, views=tuple(v for v in carried.views if v.region == "roi"))
    (without,) = rows(readings, [item], views=alone, model=model)
    assert without.reference == "none"
    assert isinstance(without.change_reference, NotMeasured)
    widths = [row.change_pct.high - row.change_pct.low for row in (with_it, without)]
    assert widths[0] < widths[1]


# ------------------------------------------------------------- model and repeat photographs


def test_a_measure_that_was_never_fitted_gets_a_cautious_interval_and_says_so(rows):
    readings = both(tiled(5 + 0.1 * spread()), tiled(6 + 0.1 * spread(1)))
    nothing = VarianceModel(name="none", made={}, measures={})
    older = model_of([record()]).model_copy(
        update={"measures": {"made_up": entry().model_copy(update={"version": 7})}}
    )
    (known,) = rows(readings, [record(change="ratio")])
    for model in (nothing, older):
        (row,) = rows(readings, [record(change="ratio")], model=model)
        assert "cautious guess" in row.reason
        assert row.change_pct.high - row.change_pct.low > known.change_pct.high
    assert "guess" not in known.reason


def test_the_factor_of_the_model_widens_every_interval(rows):
    readings = both(tiled(5 + 0.1 * spread()), tiled(6 + 0.1 * spread(1)))
    (one,) = rows(readings, [record()])
    (two,) = rows(readings, [record()], model=model_of([record()], alone_factor=2.0))
    assert two.change.high - two.change.value == pytest.approx(
        2.0 * (one.change.high - one.change.value)
    )
    assert two.sdc == pytest.approx(2.0 * one.sdc)


def test_what_a_change_adds_widens_its_interval_but_not_what_is_detectable(rows):
    readings = both(tiled(5 + 0.1 * spread()), tiled(9 + 0.1 * spread(1)))
    (one,) = rows(readings, [record()])
    (two,) = rows(readings, [record()], model=model_of([record()], per_change=0.2))
    half = Z95 * np.hypot((one.change.high - 4.0) / Z95, 0.2 * 4.0)
    assert two.change.high - two.change.value == pytest.approx(half, rel=1e-2)
    assert two.sdc == one.sdc


def soft(value, seed=None):
    """A reading that depends on sharpness: SD 0.3 per photograph and change, see ``softness``."""
    values = value + (0.0 * spread() if seed is None else 0.001 * spread(seed))
    return tiled(values, blur_sensitivity=-0.3)


SOFT = {"fragile_to": frozenset({"blur"})}


def test_repeats_average_what_is_drawn_anew_with_every_photograph(rows):
    one = both(soft(5.0), soft(6.0, 1))
    widths = [
        row.change.high - row.change.low
        for (row,) in (rows(one, [record(**SOFT)]), rows(4 * one, [record(**SOFT)]))
    ]
    assert widths[1] == pytest.approx(0.5 * widths[0], rel=1e-3)


def test_repeats_do_not_average_what_a_visit_has_in_common(rows, carried):
    """The lamp stands where it stands for all photographs of a visit, however many."""
    moved = replace(
        carried,
        facts=tuple(
            replace(f, lean=(0.3, 0.0)) if f.role is Role.AFTER else f for f in carried.facts
        ),
    )
    one = both(tiled(5 + 0 * spread()), tiled(6 + 0.001 * spread(1)))
    item = record(fragile_to=frozenset({"light"}))
    seen = WithinVisit("made_up", "roi", 1e-8, 0.0, 0.0, 40, 20)
    alone, repeated = (
        rows(readings, [item], views=moved, within=within)[0]
        for readings, within in ((one, ()), (4 * one, (seen,)))
    )
    widths = [row.change.high - row.change.low for row in (alone, repeated)]
    assert widths[1] == pytest.approx(widths[0], rel=1e-3)


@pytest.mark.parametrize("df", [4, 40])
def test_the_clinics_own_spread_counts_by_its_degrees_of_freedom(rows, df):
    """Repeats spread twice as far as the model foresees."""
    readings = both(soft(5.0), soft(6.0, 1))
    foreseen = (rows(readings, [record(**SOFT)])[0].change.high - 1.0) / Z95
    seen = WithinVisit("made_up", "roi", 2.0 * foreseen**2, 0.0, 0.0, df, df)
    (row,) = rows(readings, [record(**SOFT)], within=(seen,))
    prior = entry().prior_df
    expected = foreseen * np.sqrt((prior + df * 4.0) / (prior + df))
    assert row.change.high - 1.0 == pytest.approx(Z95 * expected, rel=1e-3)


def test_a_clinic_does_not_see_what_its_own_repeats_hide(rows):
    """Smallest detectable change 1.96 √2 s_w by the clinic's own repeats, once they are enough."""
    readings = both(soft(5.0), soft(6.0, 1))
    few, many = (
        rows(
            readings,
            [record(**SOFT)],
            within=(WithinVisit("made_up", "roi", 0.8**2, 0.0, 0.0, df, df),),
        )[0]
        for df in (4, 9)
    )
    assert many.sdc >= Z95 * np.sqrt(2.0) * 0.8 * 0.999
    assert many.verdict is Verdict.NO_DETECTABLE_CHANGE
    assert few.sdc < many.sdc


def test_repeats_that_agree_too_well_do_not_narrow_without_limit(rows):
    readings = both(soft(5.0), soft(6.0, 1))
    foreseen = rows(readings, [record(**SOFT)])[0].sdc
    same = WithinVisit("made_up", "roi", 0.0, 0.0, 0.0, 5000, 5000)
    (row,) = rows(readings, [record(**SOFT)], within=(same,))
    assert row.sdc == pytest.approx(foreseen * np.sqrt(CONFIG.least_share), rel=1e-3)


# ------------------------------------------------------------------ on photographs


@pytest.fixture(scope="module")
def swapped(bench):
    """Estimates of a pair and of the same pair the other way round, on formula skin."""
    first = {"contrast": 0.05, "seed": 5}
    second = {"contrast": 0.035, "seed": 5, "redder": 0.06}
    found = []
    for one, two in ((first, second), (second, first)):
        photos = (
            bench.FormulaSkin(**one).aligned(),
            bench.FormulaSkin(**two).aligned(
                role=Role.AFTER, alignment=bench.homography_only(np.eye(3))
            ),
        )
        found.append(bench.outcome_of(photos, bench.views_of(photos)).rows)
    return found


@pytest.mark.parametrize("name", ["roughness", "redness", "redness_lab", "scar_area", "scar_share"])
def test_swapping_before_and_after_negates_the_change(swapped, name):
    rows = [found[name] for found in swapped]

    def log_change(row):
        if isinstance(row.change_pct, NotMeasured):
            return row.change.value, row.change.high - row.change.low
        high, low = np.log1p(row.change_pct.high / 100), np.log1p(row.change_pct.low / 100)
        return np.log1p(row.change_pct.value / 100), high - low

    (one, width), (other, _) = (log_change(row) for row in rows)
    assert one == pytest.approx(-other, abs=0.1 * width)
    assert (one, rows[0].before) == (one, pytest.approx(rows[1].after, rel=0.02))


def test_a_real_improvement_of_texture_is_found(bench):
    found = bench.outcome("texture")
    row, truth = found.rows["roughness"], bench.rendered("texture").truth
    assert row.reference == "automatic"
    assert row.change_pct.value == pytest.approx(truth.optical_roughness_change_pct, abs=8.0)
    assert row.change_pct.low < truth.optical_roughness_change_pct < row.change_pct.high
    assert row.verdict is Verdict.IMPROVED


def test_a_real_change_of_redness_is_found(bench):
    found = bench.outcome("redness")
    truth = bench.rendered("redness").truth
    row = found.rows["redness_lab"]
    assert row.change.value == pytest.approx(truth.redness_contrast_change_a, abs=1.0)
    assert found.rows["redness"].verdict is Verdict.IMPROVED


def test_a_lamp_that_moved_is_no_change_of_the_skin(bench):
    row = bench.outcome("lamp").rows["roughness"]
    assert abs(row.change_plain) > 10.0, "the lamp must matter"
    assert abs(row.change_pct.value) < 0.5 * abs(row.change_plain)
    assert abs(row.change_reference) < 0.4 * abs(row.change_plain)
    assert row.verdict is Verdict.NO_DETECTABLE_CHANGE


def test_warm_light_is_no_redness(bench):
    row = bench.outcome("warm").rows["redness"]
    assert row.change_plain > 2.0, "the gain of red must matter"
    assert row.change.value == pytest.approx(0.0, abs=0.6)
    assert row.verdict is Verdict.NO_DETECTABLE_CHANGE


def test_treated_all_over_keeps_its_effect_and_widens(bench):
    ring = bench.outcome("texture").rows["roughness"]
    whole = bench.outcome("texture", TreatedArea.WHOLE)
    row = whole.rows["roughness"]
    assert row.reference == "none"
    assert row.change_pct.value == pytest.approx(row.change_plain)
    assert row.change_pct.value < -15.0
    widths = [r.change_pct.high - r.change_pct.low for r in (ring, row)]
    assert widths[1] > widths[0]
    assert whole.rows["redness"].verdict is Verdict.NOT_MEASURED


def test_estimates_do_not_depend_on_what_else_is_estimated(bench):
    found = bench.outcome("texture")
    config = Config.model_validate({"measure": {"only": ["redness"]}})
    alone = bench.outcome_of(found.photos, found.views, config).rows["redness"]
    assert alone.change == found.rows["redness"].change
    assert alone.variance == found.rows["redness"].variance
