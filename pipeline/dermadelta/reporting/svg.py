"""From a drawing to one inline ``<svg>`` element: the same bytes each time, fit for any page.

It fills the width of its place, names itself for screen readers, shares no id with another figure
of the page and leaves the page's own styles alone. Texts stay texts, in the font of the page.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK: Final = "#17242e"
SOFT: Final = "#51616d"
LINE: Final = "#dde4e8"

EMPTY: Final = "nothing to show"

MAX_PX: Final = 760
FONT: Final = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"

_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": ["sans-serif"],
    # Shipped with matplotlib, so that the layout does not depend on the fonts of a machine.
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10.0,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.unicode_minus": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def figure_svg(
    draw: Callable[[Axes], None],
    size: tuple[float, float],
    title: str,
    spoken: str,
    *,
    empty: bool = False,
) -> str:
    """Draw one pair of axes.

    Parameters
    ----------
    draw : callable
        Puts everything but the title on the axes.
    size : (width, height)
        Inches of 72 units; only the proportion and the size of letters depend on it.
    title : str
        Heading, taken as it stands: nothing in it is markup.
    spoken : str
        What the figure says, for those who cannot see it.
    empty : bool
        There is nothing to draw: say so, on axes without numbers.

    Returns
    -------
    str
        One ``<svg>`` element without a prolog.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    buffer = io.StringIO()
    with mpl.rc_context(), warnings.catch_warnings():
        # The page's font may well have a letter that the font of the layout lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        # A matplotlibrc of the user must not change a report.
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE | {"svg.hashsalt": "dermadelta"})
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        draw(axes)
        if empty:
            axes.set(xticks=[], yticks=[])
            axes.text(0.5, 0.5, EMPTY, transform=axes.transAxes, ha="center", color=SOFT)
        axes.set_title(safe_text(title))
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=nothing)
    return _inlined(buffer.getvalue(), safe_text(f"{title}: {spoken}" if spoken else title))


def _inlined(text: str, name: str) -> str:
    """Make a document of its own fit to stand inside a page, beside others of its kind."""
    view = re.search(r'viewBox="([^"]+)"', text)
    body = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    # A style sheet inside an inline figure would hold for the whole page.
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", body, flags=re.DOTALL)
    body = body.replace("'DejaVu Sans', sans-serif", "inherit").replace("'DejaVu Sans'", "inherit")
    own = "f" + hashlib.sha256(f"{name}{body}".encode()).hexdigest()[:10]
    body = re.sub(r'\bid="', f'id="{own}-', body)
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{own}-", body)
    label = html.escape(name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' viewBox="{view.group(1) if view else "0 0 1 1"}" role="img" aria-label="{label}"'
        f' style="display:block;width:100%;height:auto;max-width:{MAX_PX}px;'
        f'font-family:{FONT}"'
        f' stroke-linejoin="round" stroke-linecap="butt">\n{body.strip()}\n</svg>'
    )


def safe_text(text: str) -> str:
    """Text that UTF-8 can write: a file name may hold half a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8")
