/** Topics that change all the time: the documents of the API, kept current. */
import { search } from "./api.js";
import { path } from "./places.js";
import { useReading } from "./readings.js";

const SECONDS = 2;

const TOPICS = {
  overview: () => "/stats",
  workers: () => "/workers",
  queues: () => "/queues",
  failures: () => "/failures",
  schedule: () => "/schedule",
  task: ({ key }) => path("/tasks", key),
  tasks: ({ filter, limit }) => `/tasks${search({ q: filter, limit })}`,
};

const LISTS = new Set(["workers", "queues", "failures", "tasks"]);

/**
 * The documents of a topic, as long as the component is shown: a list, or one document.
 * @param {keyof TOPICS} topic
 */
export function useLive(topic, parameters = {}) {
  const reading = useReading(TOPICS[topic](parameters), {}, SECONDS);
  return LISTS.has(topic) && reading.data ? { ...reading, data: reading.data[topic] } : reading;
}
