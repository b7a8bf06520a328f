"""Errors that a user sees as a sentence, each with the exit code of the command line.

Raise one of these for anything a user, a file or another process can cause. Anything else is a bug and ends with 1.
"""


class KordonError(Exception):
    """What is wrong, where, and what to do, in one sentence."""

    exit_code = 1


class UsageError(KordonError):
    """The command was called with arguments that cannot be meant."""

    exit_code = 2


class ConfigError(KordonError):
    """The city folder, the keystore or the governance file refuses."""

    exit_code = 3


class QualityError(KordonError):
    """A blocking quality rule failed; nothing of the step was committed."""

    exit_code = 4


class PrivacyError(KordonError):
    """The privacy gate refused a release; nothing was published."""

    exit_code = 5


class InputError(KordonError):
    """No input was usable."""

    exit_code = 6


class TryAgain(KordonError):  # noqa: N818 - the command line's own word for exit code 75
    """A lock is held or a store is away; the same command may work later."""

    exit_code = 75
