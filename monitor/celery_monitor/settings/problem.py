"""The error of options that cannot be used."""


class SettingsError(ValueError):
    """An option cannot be used. The message says what to write instead, and has no secrets."""
