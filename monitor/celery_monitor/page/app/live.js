/** Topics of the WebSocket: documents of the API that are kept current. Components that show the same share them. */
import { signal, useEffect, useMemo } from "../vendor/libraries.js";
import { Problem } from "./api.js";
import { exactNow } from "./clock.js";
import { subscribe, unsubscribe, whenMessages } from "./socket.js";

/** Screens that follow each other mostly show the same topics. */
const KEPT_MS = 2000;

const NAME = ({ name }) => name;
const ID = ({ id }) => id;
const KEYS = { workers: NAME, queues: NAME, tasks: ID, failures: ({ error, place }) => JSON.stringify([error, place]) };

const STATUS = { invalid: 422, limit: 429, unavailable: 503 };

const NOTHING = Object.freeze({ data: null, at: null, problem: null });

let lastId = 0;
const byId = new Map();
const byName = new Map();

class Subscription {
  constructor(name, topic, parameters) {
    this.name = name;
    this.topic = topic;
    this.parameters = parameters;
    this.key = KEYS[topic] ?? null;
    this.reading = signal(NOTHING);
    this.documents = null;
    this.users = 0;
  }

  use() {
    this.users += 1;
    clearTimeout(this.ending);
    if (this.id === undefined) this.begin();
    return () => {
      this.users -= 1;
      if (this.users === 0) this.ending = setTimeout(() => this.end(), KEPT_MS);
    };
  }

  begin() {
    lastId += 1;
    this.id = String(lastId);
    byId.set(this.id, this);
    subscribe(this.id, { topic: this.topic, ...this.parameters });
  }

  end() {
    unsubscribe(this.id);
    byId.delete(this.id);
    byName.delete(this.name);
  }

  take(message) {
    if (message.op === "error") {
      this.reading.value = { ...this.reading.peek(), problem: new Problem(STATUS[message.problem] ?? 500, message.detail) };
      return;
    }
    if (message.op === "snapshot") this.documents = new Map();
    else if (this.documents === null) return;
    const keyOf = this.key ?? (() => "");
    for (const key of message.removed ?? []) this.documents.delete(this.topic === "failures" ? JSON.stringify(key) : this.key ? key : "");
    for (const document of message.data ?? message.changed) this.documents.set(keyOf(document), document);
    this.reading.value = { data: this.data(), at: exactNow(), problem: null };
  }

  data() {
    const all = [...this.documents.values()];
    if (this.topic === "tasks") return all.sort((one, other) => other.at - one.at);
    if (this.topic === "failures") return all.sort((one, other) => other.last_seen - one.last_seen);
    return this.key ? all.sort((one, other) => (one.name < other.name ? -1 : 1)) : all[0] ?? null;
  }
}

whenMessages(
  (message) => byId.get(message.id)?.take(message),
  () => {
    // What was read before stays until its snapshot comes.
    for (const subscription of byId.values()) subscription.documents = null;
  },
);

function subscriptionOf(topic, parameters) {
  const name = JSON.stringify([topic, parameters]);
  if (!byName.has(name)) byName.set(name, new Subscription(name, topic, parameters));
  return byName.get(name);
}

/**
 * The documents of a topic, as long as the component is shown: a list, or one document, null while there is none.
 * @param {"overview"|"workers"|"queues"|"tasks"|"task"|"failures"|"schedule"|"resource"} topic
 * @returns {import("./readings.js").Reading & {empty: boolean}} `empty`: there is no document
 */
export function useLive(topic, parameters = {}) {
  const name = JSON.stringify(parameters);
  const subscription = useMemo(() => subscriptionOf(topic, parameters), [topic, name]);
  useEffect(() => subscription.use(), [subscription]);
  const reading = subscription.reading.value;
  return { ...reading, empty: reading.data === null && reading.at !== null };
}
