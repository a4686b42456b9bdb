"""Pages: whole without network or script, inert names, accessible, the same every time."""

from __future__ import annotations

import base64
import hashlib
import inspect
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise

import pytest

from dermadelta.domain import NotMeasured, QualityReport, Scale
from dermadelta.reporting import sections
from dermadelta.reporting.figures import HEAT_STOPS
from dermadelta.reporting.html import pair_page, run_page
from dermadelta.reporting.matches import match_sentences
from dermadelta.stages import depict, measure

VOID = {"meta", "link", "img", "input", "br", "rect", "line", "circle", "path", "use"}
LOADING = {"src", "srcset", "poster", "data", "background", "xlink:href"}
NBSP = "\N{NO-BREAK SPACE}"


class Page(HTMLParser):
    """Collects elements and visible text, and checks that tags close in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.words, self.stack = [], [], []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.stack.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.stack):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).replace(NBSP, " ").split())

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture
def make_pair_page(build, tmp_path):
    def make(result, folder=None):
        folder = folder or tmp_path / "pairs" / "x"
        build.pictures(folder, result, width=160)
        return pair_page(result, folder, catalogue=build.catalogue)

    return make


@pytest.fixture
def make_run_page(build, tmp_path):
    def make(results, photos=(), info=None):
        for result in results:
            build.pictures(tmp_path / "pairs" / result.pair.pair_id, result, width=160)
        return run_page(results, photos, info or {}, tmp_path, catalogue=build.catalogue)

    return make


@pytest.fixture(params=["measured", "refused", "failed", "run", "empty run"])
def page(request, build, make_pair_page, make_run_page):
    if request.param == "run":
        photos = [build.record(ref) for ref in build.pair().before]
        return make_run_page(build.run(3), photos, {"notes": ["A visit has no baseline."]})
    if request.param == "empty run":
        return make_run_page([])
    made = {"measured": build.result, "refused": build.refused, "failed": build.failed}
    return make_pair_page(made[request.param]())


# ------------------------------------------------------------------------- every page


def test_nothing_is_loaded_from_outside(page):
    assert not re.search(r"(?:https?:|ftp:)?//[a-z0-9]", re.sub(r"base64,[^\"']*", "", page))
    for tag, attrs in Page(page).elements:
        for name in LOADING & set(attrs):
            assert attrs[name].startswith("data:image/"), (tag, name)
        if tag in {"link", "use"}:
            assert attrs["href"].startswith(("data:", "#"))
        if tag == "a":
            assert not attrs["href"].startswith(("http", "//", "javascript:", "data:"))
    assert not re.search(r"url\(|@import", page)


def test_the_page_allows_its_own_script_and_no_other(page):
    (policy,) = (m["content"] for m in Page(page).all("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'; img-src data:;")
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy


def test_every_id_is_unique_and_every_reference_has_its_target(page):
    found = Page(page)
    ids = [attrs["id"] for _, attrs in found.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in found.elements:
        for name in ("aria-labelledby", "for"):
            if name in attrs:
                assert attrs[name] in ids
        if tag == "use":
            assert attrs["href"].removeprefix("#") in ids


def test_every_picture_and_drawing_is_said_or_silent(page):
    found = Page(page)
    assert all("alt" in attrs for attrs in found.all("img"))
    for tag, attrs in found.elements:
        if attrs.get("role") == "img":
            assert attrs["aria-label"]
        if tag == "svg" and attrs.get("class") != "end" and "viewbox" not in attrs:
            assert attrs["aria-hidden"] == "true"
    assert found.all("html")[0]["lang"] == "en"
    assert len(found.all("h1")) == len(found.all("main")) == len(found.all("title")) == 1


def test_headings_do_not_skip_a_level(page):
    levels = [int(tag[1]) for tag, _ in Page(page).elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_it_is_said_that_this_is_no_medical_device(page):
    assert "Not a medical device." in Page(page).text
    assert "no diagnosis" in Page(page).text


# -------------------------------------------------------------------------- pair page


def test_a_measured_pair_shows_everything_it_is_made_of(build, make_pair_page):
    text = Page(make_pair_page(build.result())).text
    for part in (
        "Texture 18 % smoother (95 % interval 10 to 26 %)",
        "3 Mar 2026 → 14 Apr 2026",
        "42 days apart · 3 sessions · 28 days after the last session",
        "Improved",
        "No detectable change",
        "0.0423",
        "12.3 EI",
        "Larger than the smallest detectable change of 11 %.",
        "As taken −14 %; against given untreated skin −19 % (weight 0.74).",
        "No scar outline was found in the region.",
        "Place the lamp at the same mark for every visit.",
        "Stops: Firmness.",
        "2 of 3 passed",
        "A second photograph before was out of focus and was left out.",
        "0.0412 mm/px ± 0.80 % (marker in the photograph)",
        "Texture roughness 2",
        "For display only.",
        "Change from −50 % (blue) to +101 % (orange)",
    ):
        assert part in text, part


def textured(build, **changes):
    """A measured pair with bands of texture, figures for researchers and counted things."""
    estimates = (
        *build.result().estimates,
        build.estimate("roughness_lines", -22.0, 12.0, primary=False),
        build.estimate("roughness_fine", -6.0, 9.0, primary=False),
        build.estimate("haemoglobin", -0.01, 0.013, before=0.2, sdc=0.02, primary=False),
        build.estimate("glcm_contrast", -31.0, 12.0, primary=False),
        build.unread("glcm_idm", "The light came from another direction."),
    )
    return build.result(**{"estimates": estimates} | changes)


def part_of(text, start, end):
    return text[text.index(start) : text.index(end, text.index(start))]


def test_figures_for_researchers_are_folded_and_the_others_are_not(build, make_pair_page):
    page = make_pair_page(textured(build))
    folded = "".join(re.findall(r"<details>.*?</details>", page, flags=re.DOTALL))
    open_part = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL)
    assert "Figures for researchers (1)" in folded
    assert "Contrast (GLCM)" in folded
    assert "Homogeneity (GLCM)" in folded
    for name in ("Contrast (GLCM)", "Homogeneity (GLCM)"):
        assert f'<th scope="row">{name}' not in open_part
    for name in ("Texture roughness", "Typology angle", "Haemoglobin"):
        assert f'<th scope="row">{name}' in open_part


def test_bands_of_texture_stand_together_from_fine_to_coarse_on_one_axis(build, make_pair_page):
    page = make_pair_page(textured(build))
    table = part_of(page, 'id="h-bands"', "</section>")
    rows = re.findall(r'<th scope="row">([^<]*)', table)
    assert rows == ["Fine texture", "Texture roughness", "Texture of lines"]
    ends = re.findall(r'<span class="ticks" aria-hidden="true"><i>([^<]*)</i>', table)
    assert ends == ["−40"] * 3
    # Only the main band stands among the other figures too.
    others = part_of(page, 'id="h-changes"', "</section>")
    assert "Texture roughness" in others
    assert "Fine texture" not in others
    assert 'id="h-bands"' not in make_pair_page(build.result())


def test_a_long_unit_stands_once_beside_the_title(build, make_pair_page):
    text = Page(make_pair_page(textured(build))).text
    row = part_of(text, "Haemoglobin , density", "Texture by the size")
    assert row.startswith("Haemoglobin , density exploratory · lower is better 0.200 0.190 −0.010")
    assert "density" not in part_of(row, "0.200", "No detectable")
    alone = build.estimate("haemoglobin", -0.03, 0.013, before=0.2, sdc=0.02)
    card = Page(make_pair_page(build.result(estimates=(alone,)))).text
    assert "−0.030 density 95 % interval" in card


def test_what_was_not_measured_is_told_once_per_reason(build, make_pair_page):
    reason = "The light came from another direction."
    away = "read on body sites only; the site 'cheek' belongs to the face"
    estimates = (
        build.estimate("roughness", -18.0, 8.0),
        build.unread("firmness", reason),
        build.unread("ita", reason),
        build.unread("haemoglobin", away),
    )
    page = make_pair_page(build.result(estimates=estimates))
    assert page.count(reason) == 1
    missing = part_of(page, 'id="h-missing"', "</section>")
    assert "Firmness · Typology angle" in missing
    assert "Haemoglobin" not in missing
    assert "Also not measured (1)" in page
    assert sections.OTHER_SITES in away
    assert sections.OTHER_SITES in inspect.getsource(measure)


def test_what_was_found_again_stands_with_its_measure(build, make_pair_page):
    found = build.matched("redness", 455, 430, 412, by_chance=31.2)
    text = Page(make_pair_page(build.result(matches=(found,)))).text
    assert "412 of 455 marks were found again (of which 31 by chance alone)." in part_of(
        text, "Redness (erythema index) primary", "Typology angle exploratory"
    )


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("pores_density", "pores"),
        ("lines_length", "pieces of fine lines"),
        ("spots_density", "spots"),
    ],
)
def test_things_that_are_counted_have_a_name(build, name, word):
    found = build.result(matches=(build.matched(name, 10, 9, 8, by_chance=1.0),))
    family = {name: replace(build.measure(name, name, "1", "ratio"), family=name.split("_")[0])}
    for measures in ({}, family):
        assert f"8 of 10 {word} were found again" in match_sentences(found, measures)["roi", name]


def test_maps_of_exploratory_measures_are_folded(build, make_pair_page):
    pictures = (*build.result().pictures, ("heat_roi_ita.png", "heat", "Typology angle: change"))
    page = make_pair_page(build.result(pictures=pictures))
    folded = part_of(page, "More maps (1)", "</details>")
    assert "Typology angle · region of interest" in folded
    assert "Redness · region of interest" in page.replace(folded, "")


def test_the_divider_works_from_the_keyboard_and_is_announced(build, make_pair_page):
    page = Page(make_pair_page(build.result()))
    (divider,) = (i for i in page.all("input") if i["type"] == "range")
    assert (divider["min"], divider["max"], divider["value"]) == ("0", "100", "50")
    assert divider["aria-label"]
    assert divider["aria-valuetext"] == "50 % of the before photograph shown"
    assert "tabindex" not in divider
    # Without script it stays away, and both pictures stand side by side.
    assert "hidden" in divider
    assert len([i for i in page.all("img") if "photograph of cheek left" in i["alt"]]) == 2


def test_region_outlines_can_be_switched_off_without_script(build, make_pair_page):
    page = Page(make_pair_page(build.result()))
    (toggle,) = (i for i in page.all("input") if i["type"] == "checkbox")
    assert {"id": "outlines"}.items() <= toggle.items()
    assert [label["for"] for label in page.all("label")] == ["outlines"]
    drawn = [p for p in page.all("path") if p.get("stroke")]
    assert len(drawn) == 2
    assert all(p["d"].startswith("M") for p in drawn)


def test_a_refused_pair_says_why_and_what_to_do_and_shows_no_change(build, make_pair_page):
    page = Page(make_pair_page(build.refused()))
    assert "These photographs were not compared" in page.text
    assert "do not show the same skin (correlation 0.08" in page.text
    assert "Check that both photographs show the same site" in page.text
    assert "Stops the comparison." in page.text
    assert "smallest detectable" not in page.text.lower()
    assert not [i for i in page.all("input") if i["type"] == "range"]


def test_a_failed_pair_names_the_fault(build, make_pair_page):
    text = Page(make_pair_page(build.failed())).text
    assert "This pair could not be processed" in text
    assert "the file is truncated. Copy it from the camera again." in text
    assert "No check was reached." in text


def test_hostile_names_are_inert(build, make_pair_page, make_run_page):
    evil = build.hostile
    pair = replace(build.pair(), subject_id=evil, site=evil, view=evil)
    result = build.result(
        pair,
        reasons=(evil,),
        remarks=(evil,),
        estimates=(replace(build.estimate("roughness", 9.0, 1.0, region=evil), reason=evil),),
        gates=(replace(build.result().gates[0], name=evil, remedy=evil, limit=evil),),
        colour_source=evil,
    )
    record = build.record(
        replace(pair.before[0], shown_path=evil), quality=QualityReport((), False, (evil,))
    )
    refused = build.refused(build.pair("P7"), reasons=(evil,))
    pages = [
        make_pair_page(result),
        make_run_page([result, refused], [record], {"source": evil, "notes": [evil]}),
    ]
    for text in pages:
        page = Page(text)
        assert len(page.all("script")) == 1
        assert not [a for _, a in page.elements if any(n.startswith("on") for n in a)]
        assert "<script>alert(1)</script>" in page.text
        assert "x" not in [i.get("src") for i in page.all("img")]


def test_a_picture_name_cannot_lead_out_of_the_folder(build, tmp_path):
    secret = tmp_path / "secret"
    build.pictures(secret, build.result(), width=64)
    result = build.result(pictures=(("../secret/before.jpg", "before", ""),))
    folder = tmp_path / "pair"
    folder.mkdir()
    page = Page(pair_page(result, folder, catalogue=build.catalogue))
    assert page.all("img") == []
    assert "is missing" in page.text


def test_missing_pictures_are_named(build, tmp_path):
    text = Page(pair_page(build.result(), tmp_path, catalogue=build.catalogue)).text
    assert "The picture before.jpg is missing in the folder of this pair." in text


def test_the_stand_in_for_a_missing_scale_is_not_missed_when_there_is_one(build, make_pair_page):
    with_scale = make_pair_page(build.result())
    without = make_pair_page(build.result(scale=NotMeasured("No marker was found.")))
    assert "Texture roughness (no scale)" not in Page(with_scale).text
    assert "Texture roughness (no scale)" in Page(without).text
    assert isinstance(build.result().scale, Scale)


def test_a_measure_that_is_not_installed_is_shown_by_its_name(build, tmp_path):
    estimate = replace(build.estimate("ita", 9.0, 1.0, sdc=2.0), measure="new_measure")
    result = build.result(estimates=(estimate,))
    text = Page(pair_page(result, tmp_path, catalogue=build.catalogue)).text
    assert "New measure increased by 9.0 °" in text


def test_several_regions_get_a_column(build, make_pair_page):
    estimates = (
        build.estimate("roughness", -18.0, 8.0, region="cheek_left"),
        build.estimate("roughness", -2.0, 8.0, region="forehead"),
    )
    text = Page(make_pair_page(build.result(estimates=estimates))).text
    assert "Texture · cheek left" in text
    assert "Texture · forehead" in text


def test_the_way_back_leads_to_the_run(build, make_pair_page, tmp_path):
    inside = Page(make_pair_page(build.result()))
    assert "../../report.html" in [a["href"] for a in inside.all("a")]
    alone = Page(make_pair_page(build.result(), tmp_path / "alone"))
    assert "../../report.html" not in [a["href"] for a in alone.all("a")]


def test_the_legend_has_the_colours_of_the_heat_maps():
    ends = (depict._LESS, depict._SAME, depict._MORE)
    drawn = tuple("#" + "".join(f"{round(v):02x}" for v in colour) for colour in ends)
    assert drawn == HEAT_STOPS


# --------------------------------------------------------------------------- run page


def test_the_run_counts_and_lists_every_pair(build, make_run_page):
    results = build.run(3)
    photos = [build.record(ref) for r in results for ref in (*r.pair.before, *r.pair.after)]
    page = Page(make_run_page(results, photos))
    rows = [a for t, a in page.elements if t == "li" and "data-status" in a]
    assert [r["data-status"] for r in rows].count("measured") == 3
    assert {r["data-status"] for r in rows} == {"measured", "refused", "failed"}
    assert "5 pairs" in page.text
    assert "The photographs do not show the same skin" in page.text
    assert "the file is truncated" in page.text
    hrefs = [a["href"] for a in page.all("a")]
    for result in results:
        assert f"pairs/{result.pair.pair_id}/index.html" in hrefs
    assert {"results.xlsx", "changes.csv", "data_dictionary.csv", "run.json"} <= set(hrefs)


def test_rows_can_be_found_and_sorted(build, make_run_page):
    page = Page(make_run_page(build.run(3)))
    rows = [a for t, a in page.elements if t == "li" and "data-status" in a]
    measured = [r for r in rows if r["data-status"] == "measured"]
    assert [float(r["data-by-1"]) for r in measured] == [30.0, 21.0, 12.0]
    assert all("cheek left" in r["data-search"] and "2026-03-03" in r["data-search"] for r in rows)
    options = [o.get("value") for o in page.all("option")]
    assert {"refused", "failed", "date", "roughness", "redness", "scar_area"} <= set(options)


def test_a_small_change_of_one_pair_is_not_rounded_away(build, make_run_page):
    alone = build.estimate("haemoglobin", -0.0213, 0.013, before=0.2, sdc=0.02)
    text = Page(make_run_page([build.result(estimates=(alone,))])).text
    assert "Haemoglobin 3 1 0 −0.021 density" in part_of(text, "Summary", "Means and medians")


def test_the_summary_folds_figures_for_researchers(build, make_run_page):
    page = make_run_page([textured(build)])
    folded = part_of(page, '<details class="more">', "</details>")
    assert "Figures for researchers (1)" in folded
    assert "Contrast (GLCM)" in folded
    assert "Contrast (GLCM)" not in page.replace(folded, "")
    assert "Typology angle" in page.replace(folded, "")


def test_names_that_need_it_are_quoted_in_links(build, make_run_page):
    pair = replace(build.pair(), pair_id="Ärm #1 50%?")
    hrefs = [a["href"] for a in Page(make_run_page([build.result(pair)])).all("a")]
    assert "pairs/%C3%84rm%20%231%2050%25%3F/index.html" in hrefs


def test_photographs_that_were_not_used_are_listed_with_reasons(build, make_run_page):
    ref = build.pair().before[0]
    bad = build.record(ref, quality=QualityReport((), False, ("Too soft: focus on the skin.",)))
    twin = build.record(replace(ref, shown_path="twin.heic"), counted_as="P001_1")
    text = Page(make_run_page([build.result()], [bad, twin])).text
    assert "Too soft: focus on the skin." in text
    assert "twin.heic" in text
    assert "Counted as P001_1." in text
    assert "1 of 2 accepted" in text


def test_what_differs_between_two_equal_runs_is_not_shown(build, make_run_page):
    info = {
        "dermadelta": "0.1.0",
        "libraries": {"numpy": "2.4.6"},
        "fingerprint": "abc123",
        "started": "2026-05-05T10:00:00",
        "seconds": {"align": 12.345},
        "workers": 7,
        "notes": ["Visit 3 has no baseline."],
    }
    one = make_run_page([build.result()], (), info)
    two = make_run_page([build.result()], (), info | {"started": "x", "seconds": {}, "workers": 1})
    assert one == two
    text = Page(one).text
    for part in ("0.1.0", "2.4.6", "abc123", "Visit 3 has no baseline."):
        assert part in text


def test_the_order_of_the_results_does_not_matter(build, make_run_page):
    results = build.run(3)
    assert make_run_page(results) == make_run_page(results[::-1])


def test_a_pair_takes_little_room_so_that_500_fit(build, make_run_page):
    few, more = (len(make_run_page(build.run(n))) for n in (2, 6))
    assert 500 * (more - few) / 4 < 10_000_000


# --------------------------------------------------------------------- text and colours


def template(name):
    folder = resources.files("dermadelta.reporting") / "templates"
    return (folder / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["base.html", "pair.html", "run.html", "parts.html"])
def test_templates_hold_no_words_of_their_own(name):
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", template(name), flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", text)
    assert re.findall(r"[A-Za-z]{2,}", text) == []


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("ink", "ground"),
        ("soft", "ground"),
        ("soft", "paper"),
        ("accent", "paper"),
        ("accent", "ground"),
        ("good", "good-bg"),
        ("bad", "bad-bg"),
        ("flat", "flat-bg"),
        ("dir", "dir-bg"),
        ("warn", "warn-bg"),
    ],
)
def test_contrast_is_at_least_that_of_wcag_aa(ink, ground):
    colours = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})", template("style.css")))
    colours = {
        n: c if len(c) == 7 else "#" + "".join(2 * d for d in c[1:]) for n, c in colours.items()
    }
    light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_every_verdict_has_a_symbol_besides_its_colour(build, make_pair_page):
    page = make_pair_page(build.result())
    for name in ("improved", "no_detectable_change", "increased", "not_measured", "pass", "fail"):
        assert f'<use href="#i-{name}"/>' in page


def test_a_verdict_may_wrap_where_a_table_is_stacked():
    folder = resources.files("dermadelta") / "reporting" / "templates"
    style = (folder / "style.css").read_text(encoding="utf-8")
    assert ".stack .chip{white-space:normal}" in style


# -------------------------------------------------------------------------------- bias


@pytest.mark.parametrize(
    ("index", "said"),
    [(0.6, "flatters the after"), (-0.6, "flatters the before"), (0.1, "favours neither")],
)
def test_the_page_says_whom_the_photography_flatters(build, make_pair_page, index, said):
    text = Page(make_pair_page(build.result(bias_index=index))).text
    assert said in text
    assert f"{index:+.2f}".replace("-", "\N{MINUS SIGN}") in text
    assert "softer after" in text.lower()
    assert "No light." in text


def test_a_pair_without_a_bias_shows_none(build, make_pair_page):
    text = Page(make_pair_page(build.refused(bias=(), bias_index=NotMeasured("not aligned")))).text
    assert "flatters" not in text
