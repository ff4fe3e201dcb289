const QUIET_LINE_EVERY_MS = 10_000;

/**
 * Shows what is going on: on a terminal one live line with the elapsed seconds of every running step, elsewhere
 * a line at the start and the end of a step and one every ten seconds between. Writes to `stream` only.
 */
export function createProgress({ stream, now = Date.now }) {
  const running = new Map();
  let timer;

  const seconds = (since) => `${((now() - since) / 1000).toFixed(1)} s`;
  const clear = () => stream.isTTY && stream.write('\r\u001b[K');
  const draw = () => {
    if (!stream.isTTY || running.size === 0) return;
    const parts = [...running].map(([label, step]) => `${label} … ${seconds(step.startedAt)}`);
    stream.write(`\r\u001b[K  ${parts.join('   ').slice(0, (stream.columns ?? 80) - 4)}`);
  };
  const tick = () => {
    if (stream.isTTY) return draw();
    for (const [label, step] of running) {
      if (now() - step.toldAt < QUIET_LINE_EVERY_MS) continue;
      step.toldAt = now();
      stream.write(`  … ${label}: ${seconds(step.startedAt)}\n`);
    }
  };

  return {
    /** Runs `work` as the step `label`; its outcome is the result. Steps may overlap. */
    async step(label, work) {
      const startedAt = now();
      running.set(label, { startedAt, toldAt: startedAt });
      timer ??= setInterval(tick, stream.isTTY ? 200 : 1000);
      if (!stream.isTTY) stream.write(`  … ${label}\n`);
      let mark = '✗';
      try {
        const result = await work();
        mark = '✓';
        return result;
      } finally {
        running.delete(label);
        clear();
        stream.write(`  ${mark} ${label}  ${seconds(startedAt)}\n`);
        draw();
        if (running.size === 0) {
          clearInterval(timer);
          timer = undefined;
        }
      }
    },
  };
}
