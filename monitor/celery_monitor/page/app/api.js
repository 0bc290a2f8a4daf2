/** Requests to the API. An error is a Problem, with the fields of the problem document. */
import { API } from "./places.js";

export class Problem extends Error {
  /**
   * @param {number} status HTTP status; 0 when no answer came
   * @param {string} detail what is wrong, in one or two sentences
   * @param {{where: string, message: string}[]} errors values that cannot be used
   */
  constructor(status, detail, errors = []) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }

  get offline() {
    return this.status === 0;
  }
}

/** Called when a request needs a login. */
let onUnauthorized = () => {};

export function whenUnauthorized(callback) {
  onUnauthorized = callback;
}

/** The document of a GET request. `path` is below the API. */
export const get = (path, query = {}, signal = undefined) => request("GET", API + path + search(query), undefined, signal);

export const post = (path, body = undefined) => request("POST", API + path, body);

export const put = (path, body) => request("PUT", API + path, body);

export const remove = (path) => request("DELETE", API + path);

/** Requests anywhere on the monitor. */
export const getAt = (address, signal = undefined) => request("GET", address, undefined, signal);

export const postAt = (address, body) => request("POST", address, body);

export function search(query) {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") given.append(name, String(value));
  }
  const text = given.toString();
  return text && `?${text}`;
}

async function request(method, address, body, signal) {
  const options = { method, signal, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The monitor does not answer.");
  }
  const document = await response.json().catch(() => null);
  if (response.ok && document !== null) return document;
  if (response.status === 401) onUnauthorized();
  // The routes beside the API have their message in `error`.
  throw new Problem(response.status, document?.detail ?? document?.error ?? `The monitor answered with status ${response.status}.`, document?.errors);
}
