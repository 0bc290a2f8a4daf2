"""Addresses that links in alerts begin with."""

from urllib.parse import urlsplit


def link_base(text: str) -> str:
    """A URL that paths are added to, without a slash at the end.

    Raises:
        ValueError: a sentence that says what to write instead.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        # urlsplit() drops some white space, and reading a port that is none raises.
        usable = usable and parts.port != 0 and text.isprintable() and " " not in text
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"{text!r} is not a URL for links: write https://HOST/PATH without a login")
    return text.rstrip("/")
