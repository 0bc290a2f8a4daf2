"""Fields of a record that are computed from the texts of an event."""


def is_incomplete(args: str | None, kwargs: str | None) -> bool:
    """Whether something is missing in the arguments: they were shortened, or a secret was masked in them."""
    return (args is not None and ("..." in args or "***" in args)) or (
        kwargs is not None and ("..." in kwargs or "***" in kwargs)
    )
