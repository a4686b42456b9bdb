"""Synthetic skin with known truth: sample visits, validation, tests.

Skin is grown on a grid of millimetres (``skin``), changed (``treatment``), lit (``light``) and
photographed by an independent camera for each shot (``camera``); ``pair`` puts these together
and asks ``truth``. Nothing here shares a constant with the measures except the definitions of
sRGB and L*a*b*.
"""
