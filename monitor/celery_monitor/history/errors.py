"""Errors of the history."""


class HistoryError(Exception):
    """The history cannot do what was asked. The message is one sentence that says why and what to do.

    Messages contain no password: database URLs are masked.
    """


class HistoryUnavailableError(HistoryError):
    """The database does not answer now. Reading may work again later; writing goes on in memory."""


class CursorError(HistoryError):
    """The cursor of a page is damaged, or belongs to another filter or another order."""
