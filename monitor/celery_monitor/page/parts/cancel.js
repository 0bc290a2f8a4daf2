/** What became of a cancel, in the words of the answer to why a task is not running. */
import { html } from "../vendor/libraries.js";
import { isFinished } from "./badge.js";
import { Text } from "./text.js";
import { Ago } from "./time.js";

const WAITING = new Set(["PENDING", "RECEIVED", "RETRY"]);

const EFFECTS = {
  requested: "no worker has been ordered yet",
  sent: "workers were ordered to revoke it, and it has not ended yet",
  revoked: "it took effect, and the task was revoked",
  ended: "it came too late, because the task had ended before",
  expired: "it was given up, because nothing was seen of the task for 30 days",
};

/** The end of a task is known a moment before the monitor closes its cancel. */
function effectOf(cancel, state) {
  if (cancel.ended === null && isFinished(state)) return state === "REVOKED" ? EFFECTS.revoked : "the task has ended";
  return cancel.state === "sent" && WAITING.has(state) ? "a worker discards it instead of running it" : EFFECTS[cancel.state] ?? cancel.state;
}

/** Whether a task waits for a cancel, and so for nothing else. */
export const waitsForCancel = ({ cancel, state }) => cancel !== null && cancel.ended === null && WAITING.has(state);

/** Who asked for the cancel of a task, when, and whether it took effect. */
export const CancelText = ({ task: { cancel, state } }) => html`A cancel was requested <${Ago} at=${cancel.requested} /> by <${Text} value=${cancel.requested_by} limit=${100} />: ${effectOf(cancel, state)}.`;
