"""The bench's findings as tables and a picture of where the errors lie."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from known_warps import KnownWarp, PointMap
from part_phantom import GROWTH, LEAST_IOU, Absorbed, Carrying
from part_planar import Planar
from part_warps import ALIGNED_PX, OURS, Outcome, error_map
from warp_score import pooled

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.colors import LogNorm

Row = dict[str, object]


@dataclass(frozen=True)
class Findings:
    """All that one run of the bench found."""

    warps: list[Outcome]
    carrying: list[Carrying]
    absorbed: list[Absorbed]
    roughness: list[float]
    planar: list[Planar]
    missing: list[str]


def summary(outcomes: Sequence[Outcome]) -> list[Row]:
    """One row per method, field and family of pictures (and all of them together)."""
    rows = []
    methods = list(dict.fromkeys(item.method for item in outcomes))
    families = ["all", *dict.fromkeys(item.family for item in outcomes)]
    for strain in (0.0, 0.01, 0.03):
        for family in families:
            for method in methods:
                group = [
                    item
                    for item in outcomes
                    if (item.method, item.strain_share) == (method, strain)
                    and family in ("all", item.family)
                ]
                if group:
                    rows.append(_summed(method, strain, family, group))
    return rows


def _summed(method: str, strain: float, family: str, group: list[Outcome]) -> Row:
    scores = [item.found for item in group if item.found is not None]
    row: Row = {
        "field_pct": f"{100 * strain:.0f}",
        "family": family,
        "method": method,
        "n": len(group),
        "n_map": len(scores),
        "aligned_pct": _number(100 * np.mean([item.aligned for item in group]), 0),
        "median_px": "",
        "p95_pooled_px": "",
        "p95_median_px": "",
        "bad_blocks": "",
        "bad_flagged_pct": "",
        "good_flagged_pct": "",
        "ratio_to_decoding": _number(np.median([item.ratio for item in group]), 1),
    }
    if not scores:
        return row
    together = pooled(scores)
    row["median_px"] = _number(np.median([item.median_px for item in scores]), 2)
    row["p95_pooled_px"] = _number(together.p95_px, 2)
    row["p95_median_px"] = _number(np.median([item.p95_px for item in scores]), 2)
    if method == OURS:
        row["bad_blocks"] = f"{together.n_bad}"
        row["bad_flagged_pct"] = _share(together.flagged_bad, together.n_bad)
        row["good_flagged_pct"] = _share(together.flagged_good, together.n_good)
    return row


def case_rows(outcomes: Iterable[Outcome]) -> list[Row]:
    """One row per method and pair."""
    rows = []
    for item in outcomes:
        row: Row = {
            "method": item.method,
            "source": item.source,
            "family": item.family,
            "field_pct": f"{100 * item.strain_share:.0f}",
            "length_share": item.length,
            "seed": item.seed,
            "ratio_to_decoding": _number(item.ratio, 2),
        }
        found = item.found
        row["median_px"] = "" if found is None else _number(found.median_px, 3)
        row["p95_px"] = "" if found is None else _number(found.p95_px, 3)
        for name in ("n_bad", "flagged_bad", "n_good", "flagged_good"):
            row[name] = "" if found is None or item.method != OURS else getattr(found, name)
        rows.append(row | {"reason": item.said})
    return rows


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Rows as a table."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


# ------------------------------------------------------------------------------- page


def page(found: Findings, command: str) -> str:
    """The whole report in Markdown."""
    rows = summary(found.warps)
    parts = [
        "# Alignment: known warps, rendered visits, published pairs",
        f"Written by `{command}`; reporting seeds only.",
        *(f"Left out: {text}." for text in found.missing),
        "## Against the goals",
        _table(goal_rows(found, rows)),
        "## Known warps, 4000 px wide, skin only",
        f"Errors in before pixels. `n`: pairs; `n_map`: pairs for which the method gave a map, to"
        f" which the errors refer; `aligned_pct`: pairs with a median error below"
        f" {ALIGNED_PX:.0f} px. `median_px`: median over pairs of the median over pixels;"
        " `p95_pooled_px`: over all pixels of all pairs; `p95_median_px`: median over pairs."
        " `bad_blocks`: blocks of 64 px with a mean error above 8 px, and how many of them (and"
        " of the blocks below 4 px) the alignment itself calls unusable or worse than 8 px."
        " `ratio_to_decoding`: median CPU time of the method over that of decoding both files, on"
        " one thread in the same run; these pictures are smooth, so their files hold about 1 MB"
        " and decode faster than a camera's of 12 megapixels. The slow methods run on every"
        " fourth to eleventh pair.",
        _table(rows),
        "## Rendered visits by hand",
        _table(_carrying_rows(found.carrying)),
        "## Published pairs",
        _table(_planar_rows(found.planar)),
        "## A lesion that truly grows or shrinks by a fifth",
        f"Share of the true ln area change (factor {GROWTH} or its inverse) that is lost when the"
        " lesion's outline is carried by the alignment instead of by the map of the unchanged"
        " skin. Phantom: the pigment spreads and the relief stays. Dermoscopy: the lesion is"
        " enlarged as a whole, so that its inside truly moves.",
        _table(_absorbed_rows(found.absorbed)),
        "## Roughness on the carried region",
        _roughness_text(found.roughness),
    ]
    return "\n\n".join(parts) + "\n"


def goal_rows(found: Findings, rows: Sequence[Row]) -> list[Row]:
    """Each goal with what was measured."""

    def ours(strain: str) -> Row:
        for row in rows:
            if (row["method"], row["family"], row["field_pct"]) == (OURS, "all", strain):
                return row
        return {}

    def errors(strain: str) -> str:
        row = ours(strain)
        if not row:
            return "not run"
        return (
            f"{row['median_px']} / {row['p95_pooled_px']} px"
            f" (median of p95 {row['p95_median_px']} px; {row['aligned_pct']} % of {row['n']}"
            " aligned)"
        )

    flagged = "; ".join(
        f"{strain} %: {row['bad_flagged_pct'] or '–'} % of {row['bad_blocks']},"
        f" {row['good_flagged_pct']} % of good ones"
        for strain in ("1", "3")
        if (row := ours(strain))
    )
    return [
        {"figure": "1 % field, median / p95", "goal": "≤ 0.45 / ≤ 2.5 px", "found": errors("1")},
        {"figure": "3 % field, median / p95", "goal": "≤ 1.0 / ≤ 6 px", "found": errors("3")},
        {"figure": "blocks worse than 8 px that are flagged", "goal": "all", "found": flagged},
        *_other_goals(found),
    ]


def _other_goals(found: Findings) -> list[Row]:
    own = [item for item in found.carrying if item.method == OURS]
    corner = next((item for item in found.planar if item.method == OURS), None)
    times = [i.ratio for i in found.warps if i.method == OURS and i.family == "phantom"]
    absorbed = [100 * item.absorbed for item in found.absorbed]
    rough = 100 * np.asarray(found.roughness)
    share = 100 * np.mean([item.iou > LEAST_IOU for item in own]) if own else float("nan")
    return [
        {
            "figure": f"measurable rendered pairs aligned (IoU > {LEAST_IOU})",
            "goal": "≥ 99 %",
            "found": f"{share:.1f} % of {len(own)}",
        },
        {
            "figure": "graf1 to graf3, corner error",
            "goal": "≤ 1 px",
            "found": "not run" if corner is None else corner.said or f"{corner.corner_px:.2f} px",
        },
        {
            "figure": "true lesion area absorbed, mean (largest)",
            "goal": "≤ 3 %",
            "found": f"{np.mean(absorbed):.1f} % ({max(absorbed, key=abs):.1f} %)"
            if absorbed
            else "not run",
        },
        {
            "figure": "roughness bias of carrying the mask",
            "goal": "≤ 0.2 %",
            "found": f"{rough.mean():+.3f} % (largest {max(rough, key=abs):+.3f} %)"
            if rough.size
            else "not run",
        },
        {
            "figure": "time, 12 megapixels, as a multiple of decoding both files",
            "goal": "≤ 2",
            "found": f"{np.median(times):.1f}" if times else "not run",
        },
    ]


def _carrying_rows(items: Sequence[Carrying]) -> list[Row]:
    rows = []
    for method in dict.fromkeys(item.method for item in items):
        group = [item for item in items if item.method == method]
        good = [item for item in group if item.iou > LEAST_IOU]
        tones: dict[str, list[bool]] = {}
        for item in group:
            tones.setdefault(item.tone, []).append(item.iou > LEAST_IOU)
        rows.append(
            {
                "method": method,
                "pairs": len(group),
                "aligned_pct": f"{100 * len(good) / len(group):.1f}",
                "gave no map": sum(bool(item.said) for item in group),
                "median IoU of aligned": _number(np.median([i.iou for i in good] or [0.0]), 4),
                "aligned by tone": ", ".join(
                    f"{tone} {sum(hits)}/{len(hits)}" for tone, hits in sorted(tones.items())
                ),
            }
        )
    return rows


def _planar_rows(items: Sequence[Planar]) -> list[Row]:
    return [
        {
            "pair": item.pair,
            "method": item.method,
            "corner_px": _number(item.corner_px, 2),
            "median_px": _number(item.median_px, 2),
            "p95_px": _number(item.p95_px, 2),
            "reason": item.said,
        }
        for item in items
    ]


def _absorbed_rows(items: Sequence[Absorbed]) -> list[Row]:
    rows = []
    for family in dict.fromkeys(item.family for item in items):
        for grows in (True, False):
            group = [i for i in items if i.family == family and (i.factor > 1.0) == grows]
            share = 100 * np.array([item.absorbed for item in group])
            if share.size:
                rows.append(
                    {
                        "pictures": family,
                        "lesion": "grows" if grows else "shrinks",
                        "n": share.size,
                        "mean absorbed": f"{share.mean():.1f} %",
                        "median": f"{np.median(share):.1f} %",
                        "smallest to largest": f"{share.min():.1f} to {share.max():.1f} %",
                    }
                )
    return rows


def _roughness_text(values: Sequence[float]) -> str:
    if not values:
        return "Not run."
    share = 100 * np.asarray(values)
    return (
        f"Roughness of the after photo on the region carried by the alignment against that carried"
        f" by the true map, {share.size} rendered pairs without change:"
        f" {share.mean():+.3f} ± {share.std():.3f} % (mean and SD), largest"
        f" {max(share, key=abs):+.3f} %."
    )


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return "Not run."
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(f"{row[name]}" for name in names) + " |" for row in rows]
    return "\n".join(lines)


def _number(value: float | np.floating, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else ""


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else ""


# ---------------------------------------------------------------------------- picture


def error_picture(
    path: Path, warp: KnownWarp, maps: Sequence[tuple[str, PointMap | str]], stride: int = 16
) -> None:
    """Both photos and the error of each method on the skin, on one logarithmic scale."""
    figure, axes = plt.subplots(2, (len(maps) + 3) // 2, figsize=(15, 6.4), layout="constrained")
    panels = axes.ravel()
    for panel in panels:
        panel.set_axis_off()
    for panel, name, rgb in zip(
        panels, ("before", "after"), (warp.before_rgb, warp.after_rgb), strict=False
    ):
        panel.imshow(rgb[::stride, ::stride])
        panel.set_title(name, fontsize=10)
    shown = None
    for panel, (name, where) in zip(panels[2:], maps, strict=False):
        if isinstance(where, str):
            panel.text(0.5, 0.5, where, ha="center", transform=panel.transAxes)
            panel.set_title(name, fontsize=10)
            continue
        error = error_map(where, warp, stride)
        shown = panel.imshow(np.maximum(error, 0.1), norm=LogNorm(0.1, 100.0), cmap="viridis")
        middle, tail = np.nanquantile(error, [0.5, 0.95])
        panel.set_title(f"{name}\nmedian {middle:.2f}, p95 {tail:.2f} px", fontsize=10)
    if shown is not None:
        figure.colorbar(shown, ax=axes, label="error, px at 4000 px width", shrink=0.8)
    figure.suptitle(
        f"{warp.source.name}, field of {100 * warp.strain_share:.0f} % of the width", fontsize=11
    )
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)
