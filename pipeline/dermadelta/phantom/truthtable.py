"""The truth of pairs as rows of a table, with unit and meaning of every column."""

from __future__ import annotations

from dermadelta.phantom.pair import RenderedPair

TRUTH_COLUMNS: dict[str, tuple[str, str]] = {
    "pair_id": ("", "subject, site and both dates, as in the tables of a run"),
    "subject_id": ("", "synthetic person"),
    "site": ("", "body part"),
    "before_date": ("", "day of the before photo"),
    "after_date": ("", "day of the after photo"),
    "kind": ("", "what was made to change, or why the pair must be refused"),
    "setup": ("", "rig (steady) or handheld (good practice by hand)"),
    "must_refuse": ("", "true where the pair cannot be measured"),
    "refuse_reason": ("", "why it cannot be measured"),
    "treated_area": ("", "local or whole"),
    "marker": ("", "true where a printed marker lies in both photos"),
    "relief_change_pct": ("%", "change of the RMS height in the band 0.2-1.0 mm"),
    "optical_roughness_change_pct": (
        "%",
        "change of the RMS of ln luminance in the band 0.2-1.0 mm, ideal rendering, fixed light",
    ),
    "optical_roughness_reference_change_pct": ("%", "the same on untreated skin around"),
    "redness_change_a": ("a*", "change of a* of the mean colour of the region"),
    "redness_change_ei": ("EI", "change of 100 log10(R/G) of the mean colour of the region"),
    "redness_contrast_change_a": ("a*", "redness_change_a less that of untreated skin"),
    "redness_contrast_change_ei": ("EI", "redness_change_ei less that of untreated skin"),
    "scar_kind": ("", "red, brown or atrophic"),
    "scar_area_before_mm2": ("mm²", "area inside the scar's outline before"),
    "scar_area_after_mm2": ("mm²", "area inside the scar's outline after"),
    "scar_area_change_pct": ("%", "change of the scar's area"),
    "roughness_before": ("ln", "RMS of ln luminance in the band, ideal rendering, before"),
    "redness_before_a": ("a*", "a* of the mean colour of the region before"),
    "ita_before_deg": ("°", "individual typology angle of the region before"),
    "ita_after_deg": ("°", "individual typology angle of the region after"),
    "before_mm_per_px": ("mm/px", "scale of the before photo at the region"),
    "after_mm_per_px": ("mm/px", "scale of the after photo at the region"),
    "after_to_before": ("", "homography of pixel centres, nine numbers by rows, no stretch"),
    "stretch_before": ("", "RMS strain of the skin in the before photo"),
    "stretch_after": ("", "RMS strain of the skin in the after photo"),
    "exposure_difference_ev": ("EV", "after minus before"),
    "red_gain_difference_pct": ("%", "white balance, red against green, after minus before"),
    "azimuth_difference_deg": ("°", "lamp, after minus before"),
    "elevation_difference_deg": ("°", "lamp, after minus before"),
    "fill_difference": ("", "share of fill light, after minus before"),
    "blur_difference_px2": ("px²", "variance of the lens blur, after minus before"),
}
"""Column: (unit, meaning). Changes are after minus before; empty = does not apply."""


def truth_row(pair: RenderedPair) -> dict[str, str]:
    """One row of ``truth.csv``; changes are empty where the pair must be refused."""
    case, before, after = pair.case, pair.case.before, pair.case.after
    row: dict[str, object] = {
        "pair_id": case.pair_id,
        "subject_id": case.subject_id,
        "site": case.site,
        "before_date": f"{before.taken_at:%Y-%m-%d}",
        "after_date": f"{after.taken_at:%Y-%m-%d}",
        "kind": case.kind,
        "setup": case.setup,
        "must_refuse": "true" if case.must_refuse else "false",
        "refuse_reason": case.must_refuse,
        "treated_area": case.treated_area,
        "marker": "true" if before.marker is not None else "false",
        "before_mm_per_px": pair.before.mm_per_px,
        "after_mm_per_px": pair.after.mm_per_px,
        "stretch_before": before.camera.stretch,
        "stretch_after": after.camera.stretch,
        "exposure_difference_ev": after.camera.exposure_ev - before.camera.exposure_ev,
        "red_gain_difference_pct": 100.0 * (after.camera.wb_red / before.camera.wb_red - 1.0),
        "azimuth_difference_deg": after.light.azimuth_deg - before.light.azimuth_deg,
        "elevation_difference_deg": after.light.elevation_deg - before.light.elevation_deg,
        "fill_difference": after.light.fill - before.light.fill,
        "blur_difference_px2": after.camera.blur_px**2 - before.camera.blur_px**2,
        "ita_before_deg": pair.truth.before.ita_deg,
        "roughness_before": pair.truth.before.roughness,
        "redness_before_a": pair.truth.before.redness_a,
    }
    if not case.must_refuse:
        row |= _changes(pair)
    return {name: _cell(row.get(name)) for name in TRUTH_COLUMNS}


def _changes(pair: RenderedPair) -> dict[str, object]:
    """What changed, and how the photos lie to each other."""
    truth = pair.truth
    row: dict[str, object] = {
        "relief_change_pct": truth.relief_change_pct,
        "optical_roughness_change_pct": truth.optical_roughness_change_pct,
        "optical_roughness_reference_change_pct": truth.roughness_reference_change_pct,
        "redness_change_a": truth.redness_change_a,
        "redness_change_ei": truth.redness_change_ei,
        "redness_contrast_change_a": truth.redness_contrast_change_a,
        "redness_contrast_change_ei": truth.redness_contrast_change_ei,
        "ita_after_deg": truth.after.ita_deg,
        "after_to_before": " ".join(f"{value:.9g}" for value in pair.after_to_before.ravel()),
    }
    if pair.case.scars:
        row |= {
            "scar_kind": pair.case.scars[0].kind,
            "scar_area_before_mm2": truth.scar_area_before_mm2,
            "scar_area_after_mm2": truth.scar_area_after_mm2,
            "scar_area_change_pct": truth.scar_area_change_pct,
        }
    return row


def _cell(value: object) -> str:
    """Text of a cell: six significant digits are far below what any instrument resolves."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{round(value, 6):.6g}"
    return str(value)
