/** The field of the filter language, with completion. */
import { html, useEffect, useId, useRef, useState } from "../vendor/libraries.js";
import { get } from "../app/api.js";
import { Icon } from "./icons.js";

const PAUSE_MS = 120;
const MOST = 12;

export function Filter({ value, onApply, problem }) {
  const [text, setText] = useState(value);
  const [found, setFound] = useState([]);
  const [completed, setCompleted] = useState("");
  const [chosen, setChosen] = useState(-1);
  const [focused, setFocused] = useState(false);
  const field = useRef(null);
  const list = useId();
  const applied = useRef(null);
  // A filter that was applied here comes back as the value: by then the next term may be in the field.
  useEffect(() => {
    if (applied.current !== value) setText(value);
    applied.current = null;
  }, [value]);
  useCompletions(text, focused, (completions, of) => {
    setFound(completions);
    setCompleted(of);
    setChosen(-1);
  });
  // A completion replaces the text of which it was found: it would lose another text, and a term that was begun since.
  const isCompleted = text.startsWith(completed) && !/\s/.test(text.slice(completed.length));
  const open = focused && found.length > 0 && isCompleted;

  const apply = (next) => {
    applied.current = next.trim();
    onApply(applied.current);
  };
  const accept = (completion) => {
    // At once: the next key may come before the field is drawn again.
    field.current.value = completion.text;
    setText(completion.text);
    if (!completion.term.endsWith(":")) apply(completion.text);
    field.current.focus();
  };
  // Else the actions on all that the filter finds would be on another filter than the field shows.
  const leave = () => {
    setFocused(false);
    if (field.current && text.trim() !== value) apply(text);
  };
  const keys = {
    ArrowDown: () => open && setChosen((chosen + 1) % found.length),
    ArrowUp: () => open && setChosen(chosen <= 0 ? found.length - 1 : chosen - 1),
    Tab: () => open && (chosen >= 0 || text.trim() !== "") && accept(found[Math.max(chosen, 0)]),
    Enter: () => (open && chosen >= 0 ? accept(found[chosen]) : (setFound([]), apply(text))),
    Escape: () => (open ? setFound([]) : field.current.blur()),
  };
  const keydown = (event) => {
    const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
    if (plain && keys[event.key] && keys[event.key]() !== false) event.preventDefault();
  };
  return html`<form class="filter" role="search" onSubmit=${(event) => event.preventDefault()}>
    <div class="filter-field">
      <${Icon} name="search" />
      <input ref=${field} data-search type="search" role="combobox" aria-label="Filter of tasks" aria-expanded=${open} aria-controls=${list} aria-autocomplete="list"
        aria-activedescendant=${open && chosen >= 0 ? `${list}-${chosen}` : undefined} aria-invalid=${problem ? "true" : undefined} aria-describedby=${problem ? `${list}-problem` : undefined}
        autocomplete="off" autocapitalize="off" spellcheck=${false} enterkeyhint="search" placeholder="state:failure name:shop.* arg:42 runtime:>30s"
        value=${text} onInput=${(event) => setText(event.currentTarget.value)} onKeyDown=${keydown} onFocus=${() => setFocused(true)} onBlur=${leave} />
      <kbd aria-hidden="true">/</kbd>
      <ul id=${list} role="listbox" aria-label="Completions" class="completions" hidden=${!open}>
        ${open && found.map((completion, index) => html`<li key=${completion.term} id=${`${list}-${index}`} role="option" aria-selected=${index === chosen} class="mono"
          onPointerDown=${(event) => event.preventDefault()} onClick=${() => accept(completion)}>${completion.term}</li>`)}
      </ul>
    </div>
    ${problem && html`<p id=${`${list}-problem`} class="error-text" role="alert"><${Icon} name="cross" size=${11} />${problem}</p>`}
  </form>`;
}

function useCompletions(text, wanted, onFound) {
  useEffect(() => {
    if (!wanted) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const { completions } = await get("/completions", { q: text }, abort.signal);
        onFound(completions.slice(0, MOST), text);
      } catch {
        if (!abort.signal.aborted) onFound([], text);
      }
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, wanted]);
}
