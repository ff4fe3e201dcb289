import cliProgress from 'cli-progress';
import { type Io, note } from '../io.ts';

/** Tells how far a long task is: a bar where stderr is a terminal, a line now and then elsewhere. */
export type Progress = {
  update(done: number): void;
  /** Ends it; what is written later starts on a line of its own. */
  stop(): void;
};

const LINE_EVERY_MS = 5_000;

/** Progress towards `total`, counted in `unit`s (a plural). */
export function createProgress(
  io: Io,
  options: { label: string; total: number; unit: string },
): Progress {
  const { label, total, unit } = options;
  if (io.stderr.isTTY === true) {
    const bar = new cliProgress.SingleBar(
      {
        stream: io.stderr,
        format: `${label} {bar} {percentage}% | {value}/{total} ${unit} | {duration_formatted}`,
        hideCursor: true,
        etaBuffer: 50,
      },
      cliProgress.Presets.shades_classic,
    );
    bar.start(total, 0);
    return { update: (done) => bar.update(done), stop: () => bar.stop() };
  }
  let lastMs = io.now();
  return {
    update(done) {
      if (io.now() - lastMs < LINE_EVERY_MS) return;
      lastMs = io.now();
      note(
        io,
        `${label.trimEnd()}: ${done} of ${total} ${unit} (${Math.floor((done * 100) / total)}%)`,
      );
    },
    stop() {},
  };
}
