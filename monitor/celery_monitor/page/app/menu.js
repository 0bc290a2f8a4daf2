import { computed, signal } from "../vendor/libraries.js";

/**
 * The screens, in the order of the navigation. `key` follows `g`; those with `phone` are in the bar of a phone, and
 * those with `cluster` are shown where the operator describes its resource.
 */
export const MENU = [
  { screen: "overview", name: "Overview", key: "o", phone: true },
  { screen: "tasks", name: "Tasks", key: "t", phone: true },
  { screen: "failures", name: "Failures", key: "f", phone: true },
  { screen: "alerts", name: "Alerts", key: "l" },
  { screen: "queues", name: "Queues", key: "q", phone: true },
  { screen: "workers", name: "Workers", key: "w" },
  { screen: "deployments", name: "Deployments", key: "d", cluster: true },
  { screen: "schedule", name: "Schedule", key: "s" },
  { screen: "audit", name: "Audit", key: "a" },
  { screen: "settings", name: "Settings", key: "e" },
];

/** Whether the operator has described its resource. */
export const inCluster = signal(false);

/** The screens that there are here. */
export const menu = computed(() => MENU.filter((entry) => !entry.cluster || inCluster.value));
