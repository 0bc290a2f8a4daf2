/** The WebSocket of the page: one connection, which resumes after it was lost and rests while the tab is hidden. */
import { computed, effect } from "../vendor/libraries.js";
import { monitorTimeIs } from "./clock.js";
import { dataCame, socketState } from "./connection.js";
import { API } from "./places.js";
import { findSession, identity } from "./session.js";
import { visible } from "./visibility.js";

const SILENCE_MS = 30_000;
const LONGEST_PAUSE_MS = 30_000;
const AFTER_TOO_MANY_MS = 60_000;
const OUTDATED_SESSION = 4409;
const EXPIRED = 4401;
const TOO_MANY = 1008;
/** Any code but those of a client that does not come back: the monitor then keeps the session for a minute. */
const RESTING = 4000;

const ADDRESS = `${window.location.origin.replace(/^http/, "ws")}${API}/ws`;

/** As many subscriptions as the monitor keeps for a connection. */
const MOST_ENDED = 20;

/** The messages that begin the subscriptions of the page, by their id. */
const wanted = new Map();

/** Of each id that was sent in this session, whether documents have come. */
const begun = new Map();

/** The ids that ended last. The monitor may not have received that. */
const ended = [];

/** Called with each message of a subscription. */
let onMessage = () => {};

/** Called when the subscriptions begin anew. */
let onFresh = () => {};

let socket = null;
let session = null;
let seq = 0;
let attempts = 0;
let reconnecting = 0;
let silence = 0;

/** Have functions called with the messages. */
export function whenMessages(message, fresh) {
  onMessage = message;
  onFresh = fresh;
}

export function subscribe(id, parameters) {
  wanted.set(id, { op: "subscribe", id, ...parameters });
  if (socketState.peek() === "open") start(id);
}

export function unsubscribe(id) {
  wanted.delete(id);
  if (begun.delete(id)) ended.push(id);
  if (ended.length > MOST_ENDED) ended.shift();
  if (socketState.peek() === "open") send({ op: "unsubscribe", id });
}

const send = (message) => socket.send(JSON.stringify(message));

function start(id) {
  begun.set(id, false);
  send(wanted.get(id));
}

function connect() {
  clearTimeout(reconnecting);
  const own = new WebSocket(ADDRESS);
  socket = own;
  let resuming = false;
  own.onopen = () => {
    resuming = session !== null;
    if (resuming) send({ op: "resume", session, seq });
    watchSilence();
  };
  own.onmessage = ({ data }) => {
    if (socket !== own) return;
    watchSilence();
    const message = JSON.parse(data);
    // Until the answer to a resume, the only other message is the greeting of a session that is not used.
    if (message.op === "hello") greeted(message, resuming);
    else if (message.op === "error" && message.problem === "unknown-session") begin();
    else received(message);
  };
  own.onclose = ({ code }) => {
    if (socket === own) lost(code);
  };
}

let offered = null;

function greeted({ session: id, resumed, at }, resuming) {
  monitorTimeIs(at);
  offered = id;
  if (resuming && !resumed) return;
  if (resumed) goOn();
  else begin();
}

/** Go on with the session. What was sent last, or while the connection was away, has not reached the monitor. */
function goOn() {
  for (const id of ended.splice(0)) send({ op: "unsubscribe", id });
  for (const id of wanted.keys()) if (!begun.get(id)) start(id);
  opened();
}

/** Use the session of this connection from its first message on. */
function begin() {
  session = offered;
  seq = 0;
  begun.clear();
  ended.length = 0;
  onFresh();
  for (const id of wanted.keys()) start(id);
  opened();
}

function opened() {
  attempts = 0;
  socketState.value = "open";
  dataCame();
}

function received(message) {
  if (message.op === "snapshot" || message.op === "delta") {
    seq = message.seq;
    if (begun.has(message.id)) begun.set(message.id, true);
    monitorTimeIs(message.at);
  }
  dataCame();
  if (message.op !== "heartbeat") onMessage(message);
}

/** Without any message the network has failed, although no end of the connection came. */
function watchSilence() {
  clearTimeout(silence);
  silence = setTimeout(() => {
    const silent = socket;
    lost(0);
    silent?.close(RESTING);
  }, SILENCE_MS);
}

async function lost(code) {
  socket = null;
  clearTimeout(silence);
  socketState.value = "lost";
  if (code === OUTDATED_SESSION) session = null;
  if (code === EXPIRED || attempts > 0) await findSession();
  if (!visible.peek() || !identity.peek() || socket !== null) return;
  const pause = code === TOO_MANY ? AFTER_TOO_MANY_MS : Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** attempts);
  attempts += 1;
  clearTimeout(reconnecting);
  reconnecting = setTimeout(connect, pause * (0.5 + Math.random() / 2));
}

function rest() {
  clearTimeout(reconnecting);
  clearTimeout(silence);
  const resting = socket;
  socket = null;
  if (resting === null) return;
  if (socketState.peek() === "open") socketState.value = "connecting";
  // A browser reports a socket that is closed before it is open.
  if (resting.readyState === WebSocket.CONNECTING) resting.onopen = () => resting.close(RESTING);
  else resting.close(RESTING);
}

/** Connect with a login, while the tab is visible. */
export function startSocket() {
  // Another document of the same login is no reason to connect anew.
  const loggedIn = computed(() => Boolean(identity.value));
  effect(() => {
    if (!loggedIn.value) {
      rest();
      session = null;
      socketState.value = "connecting";
    } else if (!visible.value) {
      rest();
    } else if (socket === null) {
      attempts = 0;
      connect();
    }
  });
}
