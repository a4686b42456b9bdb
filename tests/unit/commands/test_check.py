from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermadelta import measures
from dermadelta.batch.discover import discover
from dermadelta.batch.pairing import pair_visits
from dermadelta.commands.capture import Fitness, Judged, Reason, judge_pair, judge_photo, see
from dermadelta.commands.capture_text import measure_words, photo_json, verdict_words
from dermadelta.commands.check import PhotoChecked, check, photo_ref, reference_photo
from dermadelta.commands.work import inspect_photos
from dermadelta.config import Config
from dermadelta.domain import (
    Card,
    Cause,
    Check,
    CheckVerdict,
    Comparability,
    NotAligned,
    NotMeasured,
    QualityReport,
)
from dermadelta.errors import InputError, UsageError
from dermadelta.runner import Held, Seen, hold_against, run_pair

SAMPLES = Path(__file__).parents[3] / "sample_images"
BEFORE, AFTER = sorted((SAMPLES / "s01").glob("*/cheek.jpg"))[:2]
CONFIG = Config()
NOTHING = NotMeasured("not looked for")
ALL = tuple(m.name for m in measures.ALL)


def answer(name="light", verdict=CheckVerdict.FAIL, refuses=("roughness",)) -> Check:
    return Check(name, 1.0, "px", "≤ 0.5", verdict, "Retake it.", refuses)


def seen(*checks: Check, accepted=True) -> Seen:
    return Seen(QualityReport(checks, accepted, () if accepted else ("bad",)), NOTHING, NOTHING)


def held(outcome, *after: Seen) -> Held:
    return Held((seen(), *(after or (seen(),))), outcome, (), {})


def gates(*found: Check) -> Comparability:
    return Comparability(found, (("light", 0.25), ("zoom", NotMeasured("unseen"))), 0.25)


# --------------------------------------------------------------------------- judging


def test_gates_that_pass_or_only_mark_refuse_nothing():
    judged = judge_pair(
        held(gates(answer(verdict=CheckVerdict.PASS), answer("timing", refuses=()))), CONFIG
    )
    assert (judged.fitness, judged.reasons, judged.refused) == (Fitness.USABLE, (), ())
    assert judged.bias_index == 0.25


def test_a_gate_that_refuses_some_measures_leaves_the_rest():
    judged = judge_pair(held(gates(answer(), answer("tilt", refuses=("redness",)))), CONFIG)
    assert judged.fitness is Fitness.IN_PART
    assert judged.refused == tuple(n for n in ALL if n in ("roughness", "redness"))
    assert [reason.name for reason in judged.reasons] == ["light", "tilt"]


@pytest.mark.parametrize("refuses", [("*",), ALL])
def test_a_gate_that_refuses_everything_asks_for_another_photograph(refuses):
    judged = judge_pair(held(gates(answer("same_skin", refuses=refuses))), CONFIG)
    assert (judged.fitness, judged.refused) == (Fitness.RETAKE, ALL)


def test_what_cannot_be_aligned_is_named_by_its_cause():
    judged = judge_pair(held(NotAligned("the photo is mirrored: do this", Cause.MIRRORED)), CONFIG)
    assert judged.fitness is Fitness.RETAKE
    assert judged.reasons == (Reason("mirrored", "The photo is mirrored: do this."),)
    assert judged.refused == ALL
    assert [gate.name for gate in judged.gates] == ["mirrored"]
    assert isinstance(judged.bias_index, NotMeasured)


def test_only_rejecting_checks_of_the_later_photograph_count():
    bad = seen(answer("focus", refuses=()), answer("date", refuses=()), accepted=False)
    judged = judge_pair(held(NOTHING, bad), CONFIG)
    assert judged.fitness is Fitness.RETAKE
    assert [reason.name for reason in judged.reasons] == ["focus"]


# ------------------------------------------------------------------------------ words


def checked(judged: Judged) -> PhotoChecked:
    return PhotoChecked("a.jpg", "b.jpg", judged)


@pytest.mark.parametrize(
    ("found", "code", "words"),
    [
        (gates(), 0, "usable"),
        (gates(answer()), 3, "usable in part: roughness would be refused. Retake it."),
        (gates(answer(refuses=("*",))), 3, "retake: Retake it."),
    ],
)
def test_the_last_line_and_the_exit_code_agree(found, code, words):
    outcome = checked(judge_pair(held(found), CONFIG))
    assert outcome.exit_code == code
    title = next(m.title.lower() for m in measures.ALL if m.name == "roughness")
    assert verdict_words(outcome) == words.replace("roughness", title)


def test_everything_is_called_everything():
    assert measure_words(("*",)) == measure_words(ALL) == "everything"


def test_json_keeps_what_could_not_be_seen_as_a_reason():
    judged = judge_pair(held(gates(replace(answer(), value=NotMeasured("därk")))), CONFIG)
    text = photo_json(checked(judged))
    assert text.isascii()
    read = json.loads(text)
    assert (read["schema"], read["version"], read["kind"]) == ("dermadelta.check", 1, "photo")
    assert read["gates"][0]["value"] == {"reason": "därk"}
    assert read["bias"] == {"light": 0.25, "zoom": {"reason": "unseen"}}
    assert read["result"] == "usable_in_part"


# ------------------------------------------------------------------------ photographs


def test_skin_scale_and_colour_join_the_checks_of_a_good_photograph():
    judged = judge_photo(see(photo_ref(BEFORE, "p", 0.05), CONFIG), CONFIG)
    assert judged.fitness is Fitness.USABLE
    skin, scale, colour = judged.checks[-3:]
    assert (skin.name, scale.name, colour.name) == ("skin", "scale", "colour")
    assert scale.value == pytest.approx(0.05, rel=0.05)
    assert colour.verdict is CheckVerdict.NOT_APPLICABLE


def test_a_card_that_cannot_be_used_is_worth_another_photograph():
    seen = see(photo_ref(BEFORE, "p", 0.05), CONFIG)
    empty = np.empty((0, 2))
    card = Card("target", empty, (), NotMeasured("-"), NotMeasured("-"), True)
    spoilt = replace(seen, photo=replace(seen.photo, card=replace(card, fault="glare on it")))
    judged = judge_photo(spoilt, CONFIG)
    assert judged.fitness is Fitness.RETAKE
    assert any("Glare on it" in reason.remedy for reason in judged.reasons)


def test_a_card_that_is_not_used_has_no_residual_and_says_why():
    seen = see(photo_ref(BEFORE, "p", 0.05), CONFIG)
    card = Card("target", np.empty((0, 2)), (), NotMeasured("-"), NotMeasured("-"), True)
    for kind, why in (("target", "not used"), ("grey", "grey card")):
        laid = replace(seen, photo=replace(seen.photo, card=replace(card, kind=kind)))
        colour = judge_photo(laid, CONFIG).checks[-1]
        assert colour.verdict is CheckVerdict.PASS
        assert why in colour.value.reason


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (31, 33)])
def test_a_tiny_picture_is_rejected_and_breaks_nothing(tmp_path, size):
    path = tmp_path / "tiny.png"
    Image.fromarray(np.full((*size, 3), (180, 140, 120), np.uint8)).save(path)
    for like in (None, BEFORE):
        found = check(path, CONFIG, like=like, ghost=tmp_path / "ghost.png" if not like else None)
        assert found.judged.fitness is Fitness.RETAKE
        assert "resolution" in [reason.name for reason in found.judged.reasons]
        assert found.ghost is None
    with pytest.raises(InputError, match="cannot serve as reference"):
        check(BEFORE, CONFIG, like=path)


def test_skin_that_is_not_there_is_missed(tmp_path):
    path = tmp_path / "green.png"
    rng = np.random.default_rng(0)
    green = np.array((40, 160, 60)) + rng.integers(-30, 30, (600, 800, 1))
    Image.fromarray(green.astype(np.uint8)).save(path)
    judged = check(path, CONFIG).judged
    assert [reason.name for reason in judged.reasons] == ["skin"]


def test_a_pair_is_held_to_the_same_gates_as_in_a_run():
    pair = pair_visits(
        inspect_photos(
            [r for r in discover(SAMPLES).photos if r.subject_id == "s01"][:2],
            None, CONFIG, workers=1, progress=lambda _: None,
        ),
        (),
    ).pairs[0]  # fmt: skip
    found = hold_against(pair, CONFIG)
    result = run_pair(pair, CONFIG, pair_key="").result
    assert isinstance(found.outcome, Comparability)
    assert found.outcome.gates == result.gates
    assert found.outcome.bias_index == result.bias_index
    assert "measure" not in found.seconds


def test_a_photograph_against_itself_is_usable():
    found = check(BEFORE, CONFIG, like=BEFORE)
    assert found.judged.fitness is Fitness.USABLE
    assert found.judged.bias_index == pytest.approx(0.0, abs=1e-9)


# ------------------------------------------------------------------- the reference visit


def test_a_folder_gives_its_first_accepted_photograph_of_the_same_name(tmp_path):
    Image.fromarray(np.zeros((600, 800, 3), np.uint8)).save(tmp_path / "cheek.png")
    shutil.copy(BEFORE, tmp_path / "cheek~2.jpg")
    shutil.copy(BEFORE, tmp_path / "cheek~3.jpg")
    shutil.copy(BEFORE, tmp_path / "Brow.jpg")
    for region in ("roi", "grey"):
        Image.fromarray(np.ones((9, 9), np.uint8)).save(tmp_path / f"cheek.{region}.png")
    found = reference_photo(tmp_path, Path("x/cheek.jpg"), None, CONFIG)
    assert Path(found.path).name == "cheek~2.jpg"
    with pytest.raises(InputError, match="several sites") as refusal:
        reference_photo(tmp_path, Path("x/jaw.jpg"), None, CONFIG)
    assert "Brow.jpg" in str(refusal.value)


def test_a_folder_without_a_usable_photograph_is_refused(tmp_path):
    with pytest.raises(InputError, match="no photograph lies in it"):
        reference_photo(tmp_path, AFTER, None, CONFIG)
    Image.fromarray(np.zeros((600, 800, 3), np.uint8)).save(tmp_path / "cheek.png")
    with pytest.raises(InputError, match="none of its 1 photographs is usable"):
        reference_photo(tmp_path, AFTER, None, CONFIG)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"ghost": "ghost.jpg"}, "transparent"),
        ({"mm_per_px": 0.0}, "impossible"),
        ({"treated_area": "left"}, "unknown treated area"),
        ({"like": "nowhere.jpg"}, "no such file"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(tmp_path, more, words):
    with pytest.raises(UsageError, match=words):
        check(BEFORE, CONFIG, **more)
    assert list(tmp_path.iterdir()) == []


def test_the_date_of_a_lone_photograph_is_its_own():
    assert photo_ref(BEFORE, "p", None).visit_date >= date(2000, 1, 1)
