/** Put into the page before its own scripts: records what a person notices, and its cause. */
window.bench = (() => {
  const MOST_FRAMES = 100_000;
  const LIMIT_MS = 60_000;
  const intervals = new Float64Array(MOST_FRAMES);
  let frames = 0;
  let last = null;
  let request = 0;
  let mostRows = 0;
  let longTasks = [];
  let slowest = null;
  let isUseful = () => false;
  let useful = null;

  const rows = () => document.querySelectorAll(".grid-body > .grid-row").length;

  /** Call it when what is in the document now is drawn. */
  const whenDrawn = (then) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = then;
    port2.postMessage(null);
  });

  /** Look at each frame; resolves with the answer of the condition when it has one. */
  const until = (condition) => new Promise((resolve, reject) => {
    const deadline = performance.now() + LIMIT_MS;
    const look = () => {
      const answer = condition();
      if (answer) resolve(answer);
      else if (performance.now() > deadline) reject(new Error(`not so after ${LIMIT_MS} ms: ${condition}`));
      else requestAnimationFrame(look);
    };
    look();
  });

  const observer = new MutationObserver(() => {
    if (!isUseful()) return;
    observer.disconnect();
    whenDrawn(() => { useful = performance.now(); });
  });
  observer.observe(document, { childList: true, subtree: true });

  const each = (type, take) => new PerformanceObserver((list) => {
    if (request) list.getEntries().forEach(take);
  }).observe({ type });
  each("longtask", ({ duration }) => longTasks.push(duration));
  each("long-animation-frame", (entry) => {
    if (slowest === null || entry.duration > slowest.duration) slowest = described(entry);
  });

  const described = (entry) => ({
    duration: entry.duration,
    drawing: entry.styleAndLayoutStart ? entry.startTime + entry.duration - entry.styleAndLayoutStart : 0,
    scripts: entry.scripts.map((one) => ({
      duration: one.duration,
      place: `${one.invoker} in ${one.sourceURL.split("/").at(-1)} ${one.sourceFunctionName}`.trim(),
    })),
  });

  const frame = (at) => {
    if (last !== null && frames < MOST_FRAMES) intervals[frames++] = at - last;
    last = at;
    mostRows = Math.max(mostRows, rows());
    request = requestAnimationFrame(frame);
  };

  /** Milliseconds after the start of the navigation; null before. */
  const firstPaint = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null;

  /** Bytes of all scripts as they came over the network. */
  const scriptBytes = () => performance.getEntriesByType("resource")
    .filter(({ name }) => new URL(name).pathname.endsWith(".js"))
    .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);

  /** Rows of the list, also those that are not in the document. */
  const listed = () => Number(document.querySelector(".grid")?.getAttribute("aria-rowcount") ?? 1) - 1;

  return {
    listed,

    usefulWhen(condition) {
      isUseful = condition;
    },

    /** What the page took to be useful. */
    loaded: () => until(() => useful !== null && firstPaint() !== null && { painted: firstPaint(), useful, scriptBytes: scriptBytes() }),

    /** Wait a second until the list has more rows; resolves with their number. */
    async listedAfter(rows) {
      const deadline = performance.now() + 1000;
      await until(() => listed() > rows || performance.now() > deadline);
      return listed();
    },

    start() {
      frames = mostRows = 0;
      last = slowest = null;
      longTasks = [];
      request = requestAnimationFrame(frame);
    },

    stop() {
      cancelAnimationFrame(request);
      request = 0;
      return { intervals: [...intervals.subarray(0, frames)], longTasks, slowest, mostRows };
    },

    /** Scroll to a row of the list; resolves with the milliseconds until it is drawn. */
    async jump(index) {
      const body = document.querySelector(".grid-body");
      const top = body.getBoundingClientRect().top + (index * body.offsetHeight) / listed();
      const began = performance.now();
      window.scrollBy({ top: top - window.innerHeight / 2, behavior: "instant" });
      await until(() => body.querySelector(`[data-index="${index}"]`));
      await new Promise(whenDrawn);
      return performance.now() - began;
    },
  };
})();
