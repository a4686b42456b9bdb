"""Synthetic skin with known truth: sample visits, validation, tests.

Skin is grown on a grid of millimetres (``skin``), changed (``treatment``, ``striae``), lit
(``light``) and photographed by an independent camera for each shot (``camera``), with what lies
beside it (``prints``); ``pair`` puts these together and asks ``truth``. ``cases`` draws pairs of
every kind; ``semi`` gives real photographs a known edit. Nothing here shares a constant with the
measures except the definitions of sRGB and L*a*b*.
"""
