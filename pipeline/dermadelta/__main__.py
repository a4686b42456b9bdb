"""``python -m dermadelta`` is the same as the command ``dermadelta``."""

from __future__ import annotations

from dermadelta.cli import main

if __name__ == "__main__":
    main()
