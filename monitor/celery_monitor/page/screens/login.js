/** Trades a token for a session. */
import { html, useEffect, useRef, useState } from "../vendor/libraries.js";
import { loggedOutBecause, login } from "../app/session.js";
import { Icon } from "../parts/icons.js";

export function Login() {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const submit = async (event) => {
    event.preventDefault();
    const token = field.current.value.trim();
    if (!token) return;
    setBusy(true);
    setProblem(null);
    try {
      await login(token);
    } catch (error) {
      setProblem(error.status === 401 ? "This token is not valid." : error.message);
      setBusy(false);
      field.current.select();
    }
  };
  return html`<main class="login" tabindex="-1">
    <form class="panel" onSubmit=${submit} aria-label="Log in">
      <h1><span class="mark"><${Icon} name="overview" size=${20} /></span>Celery monitor</h1>
      ${loggedOutBecause.value && html`<p class="soft" role="status">${loggedOutBecause.value}</p>`}
      <input type="text" autocomplete="username" value="celery-monitor" readonly hidden />
      <label for="token">Token</label>
      <input id="token" ref=${field} type="password" autocomplete="current-password" spellcheck=${false} aria-describedby="token-help" aria-invalid=${problem ? "true" : undefined} />
      ${problem && html`<p class="error-text" role="alert"><${Icon} name="cross" size=${11} />${problem}</p>`}
      <button type="submit" class="button primary" disabled=${busy}>${busy ? "Logging in ..." : "Log in"}</button>
      <p id="token-help" class="soft">A token of the settings, of your identity provider or of Kubernetes, where the operator keeps one in the Secret <code>NAME-monitor</code>. Without one, start the monitor with <code>--login-link</code> and open the link that it prints.</p>
    </form>
  </main>`;
}
