/** How old the numbers of queues and workers are while the broker cannot be read. */
import { html } from "../vendor/libraries.js";
import { useLive } from "../app/live.js";
import { Stale } from "./states.js";

export function BrokerAge() {
  const now = useLive("overview").data?.now;
  if (now?.broker_reachable !== false || now.broker_read === null) return null;
  return html`<section class="panel" aria-label="Age of the numbers"><${Stale} at=${now.broker_read} problem=${{ message: now.broker }} /></section>`;
}
