"""A part of a manifest in the making: its fields, and comments on them."""

from dataclasses import dataclass
from typing import Any

Place = tuple[str | int, ...]
"""The keys and list indexes that lead to a field."""


@dataclass(frozen=True, slots=True)
class Note:
    """A comment above a field, or above the nearest field that exists."""

    place: Place
    text: str
    decide: bool
    """Whether a person has to decide or check something."""


class Draft:
    """Fields and notes. Places are relative to the draft."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.notes: list[Note] = []

    def put(self, value: Any, *place: str) -> None:
        """Set a field, and the maps that lead to it. An empty value leaves the field out."""
        if value is None or value in ({}, []):
            return
        *parents, last = place
        fields = self.fields
        for key in parents:
            fields = fields.setdefault(key, {})
        fields[last] = value

    def remark(self, text: str, *place: str | int) -> None:
        """Say what became of something that is not in the manifest."""
        self.notes.append(Note(place, text, decide=False))

    def ask(self, text: str, *place: str | int) -> None:
        """Say what a person has to decide or to check."""
        self.notes.append(Note(place, text, decide=True))

    def notes_at(self, *place: str | int) -> list[Note]:
        """The notes, for a document that has this draft at the place."""
        return [Note((*place, *note.place), note.text, note.decide) for note in self.notes]
