"""The truth of pairs as rows of a table, with unit and meaning of every column."""

from __future__ import annotations

import numpy as np

from dermadelta.phantom.pair import RenderedPair
from dermadelta.phantom.plan import Case, ShotPlan

TRUTH_COLUMNS: dict[str, tuple[str, str]] = {
    "pair_id": ("", "subject, site and both dates, as in the tables of a run"),
    "subject_id": ("", "synthetic person"),
    "site": ("", "body part"),
    "before_date": ("", "day of the before photo"),
    "after_date": ("", "day of the after photo"),
    "origin": ("", "synthetic, semi_synthetic (a real photo with a known edit) or real"),
    "kind": ("", "what was made to change, what is difficult, or why the pair must be refused"),
    "changed": ("", "what changed: the kind itself, or what a difficult pair changes in"),
    "content": ("", "what the region had before: bare, or erythema, scar, striae joined by +"),
    "tone": ("", "phototype of the person (I-VI), or beyond for skin darker than published sets"),
    "setup": ("", "rig (steady) or handheld (good practice by hand)"),
    "must_refuse": ("", "true where the pair cannot be measured"),
    "refuse_reason": ("", "why it cannot be measured"),
    "treated_area": ("", "local or whole"),
    "marker": ("", "true where a printed marker lies in both photos"),
    "in_photo": ("", "nothing, scale, marker, target, chart or ruler: what tells the scale"),
    "scale_given": ("", "true where the manifest gives the scale"),
    "repeats": ("", "photographs of each visit"),
    "retouched": ("", "true where a beauty filter went over the after photo"),
    "relief_factor": ("", "factor of the heights inside the treated area"),
    "haemoglobin_change": ("", "added amount of haemoglobin inside the treated area"),
    "melanin_change": ("", "added amount of melanin inside the treated area"),
    "melanin_spread_factor": ("", "factor of the unevenness of melanin inside the treated area"),
    "melanin_drift": ("", "added amount of melanin everywhere, as by a tan"),
    "base": ("", "file of the real photograph that was edited"),
    "detail_factor": ("", "factor of the detail of ln luminance inside the region, if edited"),
    "relief_change_pct": ("%", "change of the RMS height in the band 0.2-1.0 mm"),
    "optical_roughness_change_pct": (
        "%",
        "change of the RMS of ln luminance in the band 0.2-1.0 mm, ideal rendering, fixed light",
    ),
    "optical_roughness_reference_change_pct": ("%", "the same on untreated skin around"),
    "optical_fine_change_pct": ("%", "optical change in the band 0.1-0.3 mm"),
    "optical_lines_change_pct": ("%", "optical change in the band 1-2 mm"),
    "optical_scar_change_pct": ("%", "optical change in the band 2-8 mm"),
    "optical_mean_change_pct": ("%", "change of the mean size of ln luminance in the relief band"),
    "roughness_skewness_change": ("1", "change of its skewness; known where nothing changed"),
    "anisotropy_change": ("1", "change of its anisotropy; known where nothing changed"),
    "glcm_contrast_change_pct": ("%", "change of that descriptor; known where nothing changed"),
    "glcm_joint_entropy_change": ("bit", "change of that descriptor; known where nothing changed"),
    "glcm_asm_change_pct": ("%", "change of that descriptor; known where nothing changed"),
    "glcm_idm_change": ("1", "change of that descriptor; known where nothing changed"),
    "pores_density_change_pct": ("%", "change of the number of pores; known where nothing changed"),
    "pores_area_share_change_pct": ("%", "change of their share; known where nothing changed"),
    "pores_size_change_pct": ("%", "change of their median area; known where nothing changed"),
    "lines_length_change_pct": ("%", "change of the length of lines; known where nothing changed"),
    "lines_area_share_change_pct": ("%", "change of their share; known where nothing changed"),
    "lines_depth_change_pct": ("%", "change of their contrast; known where nothing changed"),
    "redness_change_a": ("a*", "change of a* of the mean colour of the region"),
    "redness_change_ei": ("EI", "change of 100 log10(R/G) of the mean colour of the region"),
    "redness_contrast_change_a": ("a*", "redness_change_a less that of untreated skin"),
    "redness_contrast_change_ei": ("EI", "redness_change_ei less that of untreated skin"),
    "melanin_density_change": (
        "density",
        "change of the mean optical density (base e) of melanin in the region, without shading",
    ),
    "melanin_density_contrast_change": ("density", "the same less that of untreated skin"),
    "haemoglobin_density_change": ("density", "the same of haemoglobin"),
    "haemoglobin_density_contrast_change": ("density", "that less that of untreated skin"),
    "ita_change_deg": ("°", "change of the individual typology angle of the region"),
    "red_share_change": ("points", "change of the share of red skin; known where nothing changed"),
    "red_area_change_mm2": ("mm²", "the same of its area; known where nothing changed"),
    "tone_evenness_change_pct": (
        "%",
        "change of the median ΔE00 from the median colour in the band 1-10 mm, ideal rendering",
    ),
    "evenness_redness_change_pct": ("%", "change of the SD of 100 log10(R/G) in that band"),
    "evenness_melanin_change_pct": ("%", "change of the SD of the amount of melanin in that band"),
    "spots_density_change": ("1/cm²", "change of the number of spots; known where nothing changed"),
    "spots_area_share_change": ("points", "change of their share; known where nothing changed"),
    "spots_contrast_change": ("density", "change of their contrast; known where nothing changed"),
    "scar_kind": ("", "red, brown or atrophic"),
    "scar_area_before_mm2": ("mm²", "area inside the scar's outline before"),
    "scar_area_after_mm2": ("mm²", "area inside the scar's outline after"),
    "scar_area_change_pct": ("%", "change of the scar's area"),
    "striae_kind": ("", "rubra (red) or alba (pale)"),
    "striae_area_before_mm2": ("mm²", "area of the stretch marks inside the region before"),
    "striae_area_after_mm2": ("mm²", "area of the stretch marks inside the region after"),
    "striae_area_change_pct": ("%", "change of that area"),
    "stretch_width_change_pct": ("%", "change of the width of the stretch marks"),
    "stretch_length_change_pct": ("%", "change of their length inside the region"),
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
    "blue_gain_difference_pct": ("%", "white balance, blue against green, after minus before"),
    "gamma_difference": ("", "exponent of the tone curve, after minus before"),
    "contrast_difference": ("", "S-curve of the tone curve, after minus before"),
    "sharpening_difference": ("", "unsharp amount, after minus before"),
    "tilt_difference_deg": ("°", "angle between the optical axes of both photos"),
    "second_light_share": ("", "share of a second lamp in the directed light, 0 without one"),
    "second_light_azimuth_deg": ("°", "where the second lamp stands, nominal"),
    "before_jpeg_quality": ("", "libjpeg quality of the before photo"),
    "after_jpeg_quality": ("", "libjpeg quality of the after photo"),
}
"""Column: (unit, meaning). Changes are after minus before; empty = does not apply."""

_KNOWN_WHERE_NOTHING_CHANGED = tuple(
    name for name, (_, meaning) in TRUTH_COLUMNS.items() if meaning.endswith("nothing changed")
)


def truth_row(pair: RenderedPair) -> dict[str, str]:
    """One row of ``truth.csv``; changes are empty where the pair must be refused."""
    case = pair.case
    row: dict[str, object] = {
        "pair_id": case.pair_id,
        "subject_id": case.subject_id,
        "site": case.site,
        "before_date": f"{case.before.taken_at:%Y-%m-%d}",
        "after_date": f"{case.after.taken_at:%Y-%m-%d}",
        "origin": "synthetic",
        "kind": case.kind,
        "changed": case.changed,
        "content": case.content,
        "tone": case.tone,
        "setup": case.setup,
        "must_refuse": bool(case.must_refuse),
        "refuse_reason": case.must_refuse,
        "treated_area": case.treated_area,
        "marker": case.before.marker is not None,
        "in_photo": case.in_photo,
        "scale_given": case.scale_given,
        "repeats": 1 + len(case.before_repeats),
        "retouched": case.after.retouch > 0.0,
        "before_mm_per_px": pair.before.mm_per_px,
        "after_mm_per_px": pair.after.mm_per_px,
        "ita_before_deg": pair.truth.before.ita_deg,
        "roughness_before": pair.truth.before.roughness,
        "redness_before_a": pair.truth.before.redness_a,
    }
    row |= nuisances(case.before, case.after)
    row |= _second_light(case)
    if not case.must_refuse:
        row |= _changes(pair)
    return table_row(row)


def table_row(values: dict[str, object]) -> dict[str, str]:
    """A row of ``truth.csv`` with every column; what is missing is empty."""
    return {name: _cell(values.get(name)) for name in TRUTH_COLUMNS}


def nuisances(before: ShotPlan, after: ShotPlan) -> dict[str, object]:
    """How differently two photographs were taken, by column."""
    was, now = before.camera, after.camera
    lean = np.hypot(now.tilt_x_deg - was.tilt_x_deg, now.tilt_y_deg - was.tilt_y_deg)
    return {
        "stretch_before": was.stretch,
        "stretch_after": now.stretch,
        "exposure_difference_ev": now.exposure_ev - was.exposure_ev,
        "red_gain_difference_pct": 100.0 * (now.wb_red / was.wb_red - 1.0),
        "blue_gain_difference_pct": 100.0 * (now.wb_blue / was.wb_blue - 1.0),
        "azimuth_difference_deg": after.light.azimuth_deg - before.light.azimuth_deg,
        "elevation_difference_deg": after.light.elevation_deg - before.light.elevation_deg,
        "fill_difference": after.light.fill - before.light.fill,
        "blur_difference_px2": now.blur_px**2 - was.blur_px**2,
        "gamma_difference": now.gamma - was.gamma,
        "contrast_difference": now.contrast - was.contrast,
        "sharpening_difference": now.sharpen - was.sharpen,
        "tilt_difference_deg": float(lean),
        "before_jpeg_quality": was.jpeg_quality,
        "after_jpeg_quality": now.jpeg_quality,
    }


def _second_light(case: Case) -> dict[str, object]:
    """The second lamp, if there is one."""
    light = case.light
    there = light.second_share > 0.0
    return {
        "second_light_share": light.second_share,
        "second_light_azimuth_deg": light.second_azimuth_deg if there else None,
    }


def _changes(pair: RenderedPair) -> dict[str, object]:
    """What changed, and how the photos lie to each other."""
    truth, treatment = pair.truth, pair.case.treatment
    row: dict[str, object] = {
        "relief_factor": treatment.relief_factor,
        "haemoglobin_change": treatment.haemoglobin_change,
        "melanin_change": treatment.melanin_change,
        "melanin_spread_factor": treatment.melanin_spread_factor,
        "melanin_drift": pair.case.drift.melanin_change,
        "relief_change_pct": truth.relief_change_pct,
        "optical_roughness_change_pct": truth.optical_roughness_change_pct,
        "optical_roughness_reference_change_pct": truth.roughness_reference_change_pct,
        "optical_fine_change_pct": truth.optical_change_pct("fine"),
        "optical_lines_change_pct": truth.optical_change_pct("lines"),
        "optical_scar_change_pct": truth.optical_change_pct("scar"),
        "optical_mean_change_pct": truth.mean_size_change_pct,
        "redness_change_a": truth.redness_change_a,
        "redness_change_ei": truth.redness_change_ei,
        "redness_contrast_change_a": truth.redness_contrast_change_a,
        "redness_contrast_change_ei": truth.redness_contrast_change_ei,
        "melanin_density_change": truth.melanin_change,
        "melanin_density_contrast_change": truth.melanin_contrast_change,
        "haemoglobin_density_change": truth.haemoglobin_change,
        "haemoglobin_density_contrast_change": truth.haemoglobin_contrast_change,
        "ita_change_deg": truth.ita_change_deg,
        "tone_evenness_change_pct": truth.evenness_change_pct("tone"),
        "evenness_redness_change_pct": truth.evenness_change_pct("redness"),
        "evenness_melanin_change_pct": truth.evenness_change_pct("melanin"),
        "ita_after_deg": truth.after.ita_deg,
        "after_to_before": " ".join(f"{value:.9g}" for value in pair.after_to_before.ravel()),
    }
    if pair.case.stays:
        row |= dict.fromkeys(_KNOWN_WHERE_NOTHING_CHANGED, 0.0)
    if pair.case.scars:
        row |= {
            "scar_kind": pair.case.scars[0].kind,
            "scar_area_before_mm2": truth.scar_area_before_mm2,
            "scar_area_after_mm2": truth.scar_area_after_mm2,
            "scar_area_change_pct": truth.scar_area_change_pct,
        }
    if pair.case.striae is not None:
        was, now = truth.striae_area_before_mm2, truth.striae_area_after_mm2
        row |= {
            "striae_kind": pair.case.striae.kind,
            "striae_area_before_mm2": was,
            "striae_area_after_mm2": now,
            "striae_area_change_pct": 100.0 * (now / was - 1.0) if was > 0.0 else None,
            # Treated bands narrow and fade over their whole length: area is width times length.
            "stretch_width_change_pct": 100.0 * (now / was - 1.0) if was > 0.0 else None,
            "stretch_length_change_pct": 0.0 if was > 0.0 else None,
        }
    return row


def _cell(value: object) -> str:
    """Text of a cell: six significant digits are far below what any instrument resolves."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{round(value, 6):.6g}"
    return str(value)
