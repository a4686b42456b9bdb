"""Whether a photograph is fine enough: what several families of measures ask of its scale."""

from __future__ import annotations

from dermadelta.domain import NotMeasured, Scale, SkinView


def fine_pixel_mm(
    view: SkinView, length_mm: float, least_px: float, what: str
) -> float | NotMeasured:
    """Side of a pixel in millimetres, where the smallest thing to be seen has pixels enough.

    Parameters
    ----------
    view : SkinView
    length_mm : float
        Size of that thing, such as a wavelength or the σ of a filter.
    least_px : float
        Pixels that it needs.
    what : str
        What the resolution may be too coarse for, in the words of the reason.

    Returns
    -------
    float or NotMeasured
    """
    if not isinstance(view.scale, Scale):
        return NotMeasured("no scale")
    pixel = view.scale.mm_per_px
    if length_mm / pixel < least_px:
        return NotMeasured(
            f"resolution {pixel:.3f} mm per pixel is too coarse for {what}: move closer or use a"
            f" camera that gives {length_mm / least_px:.3f} mm per pixel or finer"
        )
    return pixel
