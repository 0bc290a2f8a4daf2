// Runs before the first paint, so that a chosen colour scheme never flashes.
try {
  const chosen = localStorage.getItem("celery-monitor-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is blocked: the system's scheme counts.
}
