"""How a container starts its worker, and the same container with a start that brings the agent along."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from celery_kubectl.command_line.start import Starter, start_of
from celery_kubectl.command_line.words import commands_of, text_places
from celery_kubectl.inject.environment import Container, env_of, with_variable
from celery_kubectl.inject.errors import InjectError
from celery_kubectl.inject.replacement import Replacement, hook_python, replacement_of
from celery_probe.pod import SITE

PATH_VARIABLE = "PYTHONPATH"
# The image may have a value of its own, which a variable in the manifest would hide.
_EXPORT = f'export {PATH_VARIABLE}="{SITE}${{{PATH_VARIABLE}:+:${PATH_VARIABLE}}}"; '
_WRAPPER = ("sh", "-c", f'{_EXPORT}exec "$0" "$@"')

# A command that the shell does not wait for, as in `celery worker & celery worker`.
_BACKGROUND = re.compile(r"(?<![&>])&(?![&>])")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of ``command`` or of ``args``."""

    field: str
    text: str


class Start:
    """The start of one container, as its manifest shows it."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self.entries = tuple(_entries(container))
        starts = (start_of(one) for one in commands_of(self._texts))
        self.found = tuple(one for one in starts if one is not None and one.role == "worker")

    @property
    def is_of_worker(self) -> bool:
        """Whether the manifest shows that the container starts a worker."""
        return bool(self.found) or self.has_site

    @property
    def runs_several(self) -> bool:
        """Whether several workers may run at the same time. Of two branches of a script, one runs."""
        places = {start.word.entry for start in self.found}
        if len(self.found) < 2:
            return False
        if len(places) > 1 or None in places:
            return True
        text = self.entries[places.pop() or 0].text
        between = text[self.found[0].word.start : self.found[-1].word.start]
        return _BACKGROUND.search(between) is not None

    @property
    def has_site(self) -> bool:
        """Whether the agent is there by PYTHONPATH already."""
        return any(SITE in entry.text for entry in self.entries) or SITE in path_of(self._container)

    @property
    def python(self) -> str:
        """The Python for the stop hook."""
        return hook_python(self.found[0]) if self.found else "python"

    def with_agent(self) -> Container:
        """The container, with a start that brings the agent along.

        Raises:
            InjectError: that needs a value of PYTHONPATH which the manifest does not show.
        """
        rewritten = self._rewritten()
        if rewritten is not None:
            return self._with(rewritten)
        if self.has_site:
            return self._container
        path = path_of(self._container)
        if path:
            return self._with_path(f"{SITE}:{path}")
        place = self._place_of_text()
        if place is not None:
            changed = Entry(self.entries[place].field, _EXPORT + self.entries[place].text)
            return self._with([*self.entries[:place], changed, *self.entries[place + 1 :]])
        if self._has_command():
            return self._with([*(Entry("command", text) for text in _WRAPPER), *self.entries])
        if any(one["name"] == PATH_VARIABLE for one in env_of(self._container)):
            raise InjectError(
                f"Container {self._container['name']} has {PATH_VARIABLE} from a Secret or ConfigMap: write "
                "its value into the manifest."
            )
        return self._with_path(SITE)

    def _rewritten(self) -> Sequence[Entry] | None:
        """The entries where the agent replaces Celery's own command; None where it cannot."""
        if not self.found:
            return None
        entries: Sequence[Entry] = self.entries
        # The last one first, so that the places of the others stay right.
        for start in reversed(self.found):
            if start.starter is Starter.AGENT:
                continue
            new = replacement_of(start)
            if new is None:
                return None
            entries = _replaced(entries, start.word.entry, new)
        return entries

    def _place_of_text(self) -> int | None:
        """The entry that a shell runs as a text: the one with the worker, if a worker is known."""
        if self.found:
            return self.found[0].word.entry
        return next(iter(text_places(self._texts)), None)

    @property
    def _texts(self) -> list[str]:
        return [entry.text for entry in self.entries]

    def _has_command(self) -> bool:
        return any(entry.field == "command" for entry in self.entries)

    def _with(self, entries: Sequence[Entry]) -> Container:
        fields = {
            field: [entry.text for entry in entries if entry.field == field] for field in ("command", "args")
        }
        return {**self._container, **{field: texts for field, texts in fields.items() if texts}}

    def _with_path(self, value: str) -> Container:
        return {**self._container, "env": with_variable(env_of(self._container), PATH_VARIABLE, value)}


def _entries(container: Container) -> Iterator[Entry]:
    for field in ("command", "args"):
        texts = container.get(field) or ()
        if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
            yield from (Entry(field, text) for text in texts)


def _replaced(entries: Sequence[Entry], place: int | None, new: Replacement) -> Sequence[Entry]:
    if place is None:
        field = entries[new.start].field
        return [
            *entries[: new.start],
            *(Entry(field, word) for word in new.words),
            *entries[new.end :],
        ]
    entry = entries[place]
    text = f"{entry.text[: new.start]}{' '.join(new.words)}{entry.text[new.end :]}"
    return [*entries[:place], Entry(entry.field, text), *entries[place + 1 :]]


def path_of(container: Container) -> str:
    """The value of PYTHONPATH in the manifest."""
    return next((one.get("value") or "" for one in env_of(container) if one["name"] == PATH_VARIABLE), "")
