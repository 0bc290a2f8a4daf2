/** Who is logged in. */
import { computed, signal } from "../vendor/libraries.js";
import { get, post, whenUnauthorized } from "./api.js";

const ROLES = ["viewer", "operator", "admin"];

/** The identity; null without a login, undefined until the monitor has answered. */
export const identity = signal(undefined);

/** A Problem while the monitor cannot say who is logged in. */
export const sessionProblem = signal(null);

/** Why a login is needed again, as one sentence. */
export const loggedOutBecause = signal("");

export const role = computed(() => identity.value?.role ?? null);

export const may = (least) => ROLES.indexOf(role.value) >= ROLES.indexOf(least);

whenUnauthorized(() => {
  if (identity.value) loggedOutBecause.value = "Your session has ended.";
  identity.value = null;
});

export async function findSession() {
  try {
    identity.value = (await get("/session")).identity;
    sessionProblem.value = null;
  } catch (problem) {
    sessionProblem.value = problem;
  }
}

export async function login(token) {
  identity.value = await post("/login", { token });
  loggedOutBecause.value = "";
}

export async function logout() {
  await post("/logout");
  loggedOutBecause.value = "You are logged out.";
  identity.value = null;
}
