"""The variance model: how far a change may be off by what differed between two photographs.

``nuisances`` says what is looked at, ``model`` turns it into a variance by coefficients that are
kept in a small file, ``fit`` makes that file from pairs whose truth is known. None of them looks
at a pixel.
"""
