"""Tables: exact columns, types, a row for everything, reasons for what is missing."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dermadelta.domain import (
    Check,
    CheckVerdict,
    NotMeasured,
    PairStatus,
    QualityReport,
    RegionSummary,
)
from dermadelta.files.results import csv_text, parquet_bytes
from dermadelta.reporting.tables import build_tables

CHANGES = [
    "pair_id",
    "subject_id",
    "site",
    "view",
    "before_date",
    "after_date",
    "days_since_session",
    "sessions",
    "region",
    "measure",
    "version",
    "unit",
    "before",
    "after",
    "change",
    "change_low",
    "change_high",
    "change_pct",
    "change_pct_low",
    "change_pct_high",
    "change_plain",
    "change_reference",
    "reference_weight",
    "reference",
    "improvement_pct",
    "sdc",
    "primary",
    "verdict",
    "reason",
]
PAIRS = [
    "pair_id",
    "subject_id",
    "site",
    "view",
    "before_photo",
    "after_photo",
    "status",
    "reasons",
    "alignment_rms_px",
    "alignment_p95_px",
    "alignment_usable_share",
    "alignment_method",
    "area_change_low",
    "area_change_high",
    "quarter_turns",
    "overlap",
    "mm_per_px",
    "scale_source",
    "colour_source",
    "tone_class",
    "refused_measures",
    "bias_index",
]
GATES = [
    "pair_id",
    "subject_id",
    "site",
    "view",
    "gate",
    "value",
    "answer",
    "unit",
    "limit",
    "verdict",
    "refuses",
    "remedy",
]
READINGS = [
    "pair_id",
    "role",
    "photo_id",
    "visit_date",
    "region",
    "measure",
    "version",
    "unit",
    "value",
    "reason",
]
MATCHES = [
    *("pair_id", "subject_id", "site", "view", "region", "measure"),
    *("before_photo_id", "after_photo_id", "n_before", "n_after", "matched", "match_rate"),
    *("by_chance", "tolerance_px", "distance_px", "size_change_pct", "reason"),
]
PHOTOS = [
    "photo_id",
    "path",
    "sha256",
    "subject_id",
    "visit_date",
    "phase",
    "camera",
    "width",
    "height",
    "accepted",
    "reasons",
]


def test_the_columns_are_those_that_people_script_against(build):
    refs = build.pair().before
    tables = build_tables([build.result()], [build.record(refs[0])], build.catalogue)
    assert list(tables) == [
        *("changes", "pairs", "gates", "calibrations", "matches", "readings", "photos", "summary")
    ]
    assert list(tables["changes"]) == CHANGES
    assert list(tables["pairs"])[: len(PAIRS)] == PAIRS
    assert list(tables["pairs"])[len(PAIRS) :] == [
        "bias_sharpness",
        "bias_exposure",
        "bias_light",
        "gate_same_skin",
        "gate_sharpness",
        "gate_light_direction",
        "gate_white_balance",
    ]
    assert list(tables["gates"]) == GATES
    assert list(tables["readings"]) == READINGS
    checks = ["check_focus", "check_clipping", "check_date"]
    assert list(tables["photos"]) == PHOTOS[:9] + checks + PHOTOS[9:]
    assert list(tables["summary"])[:3] == ["measure", "region", "sessions"]


def test_what_was_found_again_stands_in_a_table_of_its_own(build):
    found = build.matched("firmness", 40, 50, 30, by_chance=4.25)
    nowhere = build.matched("redness", 0, 3, 0, by_chance=0.0)
    table = build_tables([build.result(matches=(found, nowhere))], [], build.catalogue)["matches"]
    assert list(table) == MATCHES
    assert table["measure"].tolist() == ["firmness", "redness"]
    first, second = table.iloc[0], table.iloc[1]
    assert (first["n_before"], first["n_after"], first["matched"]) == (40, 50, 30)
    assert first["match_rate"] == pytest.approx(0.75)
    assert (first["by_chance"], first["reason"]) == (4.25, "")
    assert second[["match_rate", "distance_px", "size_change_pct"]].isna().all()
    assert second["reason"] == "nothing was found on both photos"


def test_without_results_every_column_keeps_its_type(build):
    empty = build_tables([], [], build.catalogue)
    full = build_tables([build.result()], [build.record(build.pair().before[0])], build.catalogue)
    assert list(empty["changes"]) == CHANGES
    assert list(empty["pairs"]) == PAIRS
    assert list(empty["readings"]) == READINGS
    assert list(empty["photos"]) == PHOTOS
    for name, frame in empty.items():
        assert len(frame) == 0
        for column in frame:
            assert frame[column].dtype == full[name][column].dtype, (name, column)


def test_every_pair_has_a_row_for_every_measure_whatever_its_status(build):
    results = [build.result(), build.refused(), build.failed()]
    changes = build_tables(results, [], build.catalogue)["changes"]
    counts = changes.groupby("pair_id").size()
    assert set(counts) == {len(build.catalogue)}
    assert len(counts) == 3
    lost = changes[changes["subject_id"] == "P002"]
    assert set(lost["verdict"]) == {"not_measured"}
    assert set(lost["region"]) == {"roi"}
    assert set(lost["unit"]) == {m.unit for m in build.catalogue}
    assert lost["reason"].str.contains("do not show the same skin").all()
    assert not lost["primary"].any()
    failed = changes[changes["subject_id"] == "P003"]
    assert failed["reason"].str.contains("truncated").all()


def test_a_refused_pair_keeps_the_regions_that_are_known(build):
    regions = (
        RegionSummary("cheek_left", "automatic", 0.1, NotMeasured("no scale")),
        RegionSummary("reference", "given", 0.1, NotMeasured("no scale")),
    )
    changes = build_tables([build.refused(regions=regions)], [], build.catalogue)["changes"]
    assert set(changes["region"]) == {"cheek_left"}


def test_measured_rows_hold_the_estimate(build):
    row = build_tables([build.result()], [], build.catalogue)["changes"].iloc[0]
    assert row["measure"] == "roughness"
    assert (row["change_pct"], row["change_pct_low"], row["change_pct_high"]) == (
        -18.0,
        -26.5,
        -9.5,
    )
    assert row["improvement_pct"] == 18.0
    assert row["reference_weight"] == 0.74
    assert row["verdict"] == "improved"
    assert row["primary"]
    assert row["before_date"] == date(2026, 3, 3)
    assert row["version"] == 2


def test_an_empty_cell_has_its_reason_beside_it(build):
    tables = build_tables([build.result()], [], build.catalogue)
    changes = tables["changes"].set_index("measure")
    assert pd.isna(changes.loc["redness", "change_pct"])
    assert changes.loc["redness", "reason"] == "A difference has no per cent."
    assert changes.loc["scar_area", "reason"] == "No scar outline was found in the region."
    readings = tables["readings"]
    gaps = readings["value"].isna()
    assert gaps.any()
    assert (readings.loc[gaps, "reason"] != "").all()
    assert (readings.loc[~gaps, "reason"] == "").all()


def test_gates_stand_as_verdicts_and_missing_ones_are_empty(build):
    pairs = build_tables([build.result(), build.failed()], [], build.catalogue)["pairs"]
    pairs = pairs.set_index("subject_id")
    assert pairs.loc["P001", "gate_light_direction"] == "fail"
    assert pairs.loc["P001", "gate_white_balance"] == "not_applicable"
    assert pairs.loc["P003", "gate_same_skin"] == ""
    assert pairs.loc["P003", "scale_source"] == "none"
    assert "before its scale was read" in pairs.loc["P003", "reasons"]
    assert pairs.loc["P001", "before_photo"] == "P001_2026-03-03_1"
    assert pairs.loc["P001", "reasons"] == "bias_light: no light"


def test_what_gates_refuse_stands_by_pair_and_by_gate(build):
    tables = build_tables([build.result(), build.refused()], [], build.catalogue)
    pairs = tables["pairs"].set_index("subject_id")
    assert pairs.loc["P001", "refused_measures"] == "firmness"
    assert pairs.loc["P002", "refused_measures"] == "*"
    gates = tables["gates"].set_index(["subject_id", "gate"])
    assert len(gates.loc["P001"]) == 4
    failed = gates.loc["P001", "light_direction"]
    assert (failed["verdict"], failed["refuses"], failed["value"]) == ("fail", "firmness", 4.2)
    passed = gates.loc["P001", "same_skin"]
    assert (passed["verdict"], passed["refuses"]) == ("pass", "")
    absent = gates.loc["P001", "white_balance"]
    assert pd.isna(absent["value"])
    assert absent["remedy"]
    assert gates.loc["P002", "same_skin"]["refuses"] == "*"


def test_a_gate_answered_in_words_keeps_its_answer_apart_from_numbers(build):
    gate = Check("mirrored", "yes", "", "no", CheckVerdict.FAIL, "Use the original.", ("*",))
    row = build_tables([build.refused(gates=(gate,))], [], build.catalogue)["gates"].iloc[0]
    assert row["answer"] == "yes"
    assert pd.isna(row["value"])


def test_the_alignment_and_the_parts_of_the_bias_are_told(build):
    row = build_tables([build.result()], [], build.catalogue)["pairs"].iloc[0]
    assert row["alignment_usable_share"] == 0.98
    assert (row["area_change_low"], row["area_change_high"]) == (0.97, 1.04)
    assert row["quarter_turns"] == 0
    assert row["alignment_method"] == "sift+dis"
    assert (row["bias_sharpness"], row["bias_exposure"]) == (0.5, -0.08)
    assert pd.isna(row["bias_light"])


def test_repeats_are_joined(build):
    result = build.result(before_used=("a", "b"))
    assert build_tables([result], [], build.catalogue)["pairs"]["before_photo"][0] == "a;b"


def test_photos_hold_the_value_of_each_check_and_why_one_is_missing(build):
    ref = build.pair().before[0]
    software = Check("software", "none seen", "", "none", CheckVerdict.PASS, "")
    odd = build.record(
        replace(ref, photo_id="odd"),
        metadata=NotMeasured("The file is empty."),
        quality=QualityReport((software,), False, ("The file is empty.",)),
        readable=False,
        counted_as="twin",
    )
    photos = build_tables([], [build.record(ref), odd], build.catalogue)["photos"]
    photos = photos.set_index("photo_id")
    good, bad = photos.loc[ref.photo_id], photos.loc["odd"]
    assert good["check_focus"] == 0.82
    assert good["reasons"] == "check_date: The file holds no capture date."
    assert good["accepted"]
    assert (good["width"], good["height"], good["camera"]) == (4000, 3000, "Example 5")
    assert bad["check_software"] == "none seen"
    assert pd.isna(bad["check_focus"])
    assert pd.isna(bad["width"])
    assert bad["reasons"] == "The file is empty. | Counted as twin."
    assert not bad["accepted"]


def test_the_order_of_the_input_does_not_matter(build):
    results = build.run(4)
    photos = [build.record(ref) for r in results for ref in (*r.pair.before, *r.pair.after)]
    one = build_tables(results, photos, build.catalogue)
    two = build_tables(results[::-1], photos[::-1], build.catalogue)
    for name in one:
        pd.testing.assert_frame_equal(one[name], two[name])


def test_half_a_surrogate_in_a_name_can_still_be_written(build):
    pair = build.pair(site="arm\udc80")
    changes = build_tables([build.result(pair)], [], build.catalogue)["changes"]
    assert changes["site"][0].encode("utf-8") == b"arm?"


def test_days_are_written_without_a_time(build):
    changes = build_tables([build.result()], [], build.catalogue)["changes"]
    first = csv_text(changes).splitlines()[1]
    assert ",2026-03-03,2026-04-14," in first
    stored = pq.read_schema(io.BytesIO(parquet_bytes(changes)))
    assert stored.field("before_date").type == pa.date32()


def test_a_measure_that_is_no_longer_installed_keeps_its_rows(build):
    catalogue = [m for m in build.catalogue if m.name != "roughness"]
    changes = build_tables([build.result()], [], catalogue)["changes"]
    assert changes.iloc[-1]["measure"] == "roughness"


def test_a_measure_that_was_not_asked_for_says_so(build):
    result = build.result()
    kept = tuple(e for e in result.estimates if e.measure != "ita")
    changes = build_tables([replace(result, estimates=kept)], [], build.catalogue)["changes"]
    assert changes.set_index("measure").loc["ita", "reason"] == (
        "This measure was not asked for in this run."
    )


@pytest.mark.parametrize("status", list(PairStatus))
def test_unknown_sessions_are_an_empty_cell(build, status):
    pair = build.pair(sessions=None, days_since_session=None)
    changes = build_tables([build.result(pair, status=status)], [], build.catalogue)["changes"]
    assert changes["sessions"].isna().all()
    assert changes["after_date"][0] == date(2026, 4, 14)
