"""Every fault the package raises on purpose; each names the file, the cause and the remedy.

::

    DermadeltaError                 exit code 1
    ├── UsageError                  exit code 2: wrong request, nothing to do
    │   ├── InputError              folder, file or table that cannot serve as input
    │   │   └── ManifestError       all bad rows of a table at once, with line numbers
    │   ├── ConfigError             unknown key, value out of range, preset not found
    │   ├── MaskError               region file that does not fit its photograph
    │   └── LandmarkError           table of landmarks that cannot be used
    ├── PhotoError                  one photograph cannot be used; the other pairs go on
    │   ├── UnreadablePhoto         missing, no permission, empty, not a picture, truncated
    │   ├── UnsupportedPhoto        a picture of a kind that cannot be measured
    │   └── OversizedPhoto          more pixels than the limit, refused before decoding
    └── OutputError                 results cannot be written (disk full, no permission)

A pair that must not be compared is not a fault: it is a value (see ``domain.Check``).
"""

from __future__ import annotations

from collections.abc import Sequence


class DermadeltaError(Exception):
    """A fault with its remedy.

    Parameters
    ----------
    cause : str
        What went wrong, one clause, no full stop.
    remedy : str
        What the user can do about it, one sentence.
    file : str, optional
        The file or folder concerned, as the user knows it.
    """

    exit_code = 1

    def __init__(self, cause: str, *, remedy: str, file: str = "") -> None:
        self.cause = cause
        self.remedy = remedy
        self.file = file
        super().__init__(cause)

    def __str__(self) -> str:
        head = f"{self.file}: {self.cause}" if self.file else self.cause
        return f"{head}. {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.cause, self.remedy, self.file, self.__dict__))


def _rebuild(
    kind: type[DermadeltaError], cause: str, remedy: str, file: str, state: dict[str, object]
) -> DermadeltaError:
    """Make an error again on the other side of a process boundary."""
    error = kind.__new__(kind)
    DermadeltaError.__init__(error, cause, remedy=remedy, file=file)
    error.__dict__.update(state)
    return error


class UsageError(DermadeltaError):
    """The request itself is wrong or leaves nothing to do."""

    exit_code = 2


class InputError(UsageError):
    """A folder, file or table cannot serve as input."""


class ManifestError(InputError):
    """A manifest or sessions table has bad rows; all of them are listed.

    Parameters
    ----------
    file : str
        The table.
    problems : sequence of str
        One line per problem, each starting with its line number.
    """

    def __init__(self, file: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        n = len(self.problems)
        listing = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(
            f"{n} problem{'s' if n != 1 else ''}:{listing}\n",
            remedy="Correct these lines and run the same command again.",
            file=file,
        )

    def __str__(self) -> str:
        return f"{self.file}: {self.cause}{self.remedy}"


class ConfigError(UsageError):
    """A configuration has an unknown key, a bad value, or cannot be found."""


class MaskError(UsageError):
    """A region file does not fit its photograph or cannot be read."""


class LandmarkError(UsageError):
    """A table of landmarks does not fit its photograph or cannot be read."""


class PhotoError(DermadeltaError):
    """One photograph cannot be used."""


class UnreadablePhoto(PhotoError):
    """The file is missing, locked, empty, truncated, or no picture at all."""


class UnsupportedPhoto(PhotoError):
    """The file is a picture of a kind that cannot be measured."""


class OversizedPhoto(PhotoError):
    """The file declares more pixels than the limit; nothing was decoded."""


class OutputError(DermadeltaError):
    """Results cannot be written."""
