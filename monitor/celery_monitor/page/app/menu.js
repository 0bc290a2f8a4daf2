/** The screens, in the order of the navigation. `key` follows `g`; those with `phone` are in the bar of a phone. */
export const MENU = [
  { screen: "overview", name: "Overview", key: "o", phone: true },
  { screen: "tasks", name: "Tasks", key: "t", phone: true },
  { screen: "failures", name: "Failures", key: "f", phone: true },
  { screen: "queues", name: "Queues", key: "q", phone: true },
  { screen: "workers", name: "Workers", key: "w" },
  { screen: "schedule", name: "Schedule", key: "s" },
  { screen: "audit", name: "Audit", key: "a" },
  { screen: "settings", name: "Settings", key: "e" },
];
