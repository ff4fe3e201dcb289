import { readFileSync } from 'node:fs';
import { type Fill, fillings } from './made-log-values.ts';

/** Messages in order, and for each the number of the statement that wrote it. */
export type LabelledMessages = { name: string; messages: string[]; truth: string[] };

const TEXT = readFileSync(new URL('made-logs.txt', import.meta.url), 'utf8');

/** The kinds of systems that `made-logs.txt` has logging statements of. */
export const MADE_KINDS: readonly string[] = [...TEXT.matchAll(/^# (.*)$/gm)].map(
  ([, kind]) => kind!,
);

/**
 * Messages as systems of a kind write them, from logging statements (`made-logs.txt`: after each kind its statements, each
 * with how often it logs, `{…}` naming what is filled in). The same seed gives the same messages.
 */
export function makeMessages(kind: string, count: number, seed: number): LabelledMessages {
  const statements = readStatements(kind);
  const random = seeded(seed);
  const values: Record<string, Fill> = fillings(random);
  const total = statements.reduce((sum, { weight }) => sum + weight, 0);
  const messages: string[] = [];
  const truth: string[] = [];
  for (let made = 0; made < count; made += 1) {
    const at = pickWeighted(statements, random() * total);
    const text = statements[at]!.text;
    messages.push(text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name]?.() ?? whole));
    truth.push(String(at));
  }
  return { name: kind, messages, truth };
}

function readStatements(kind: string): { weight: number; text: string }[] {
  const section = TEXT.split(/^# /m).find((one) => one.startsWith(`${kind}\n`))!;
  return section
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [, often, text] = /^(\d+) (.*)$/.exec(line)!;
      // Few statements write most of a log.
      return { weight: Number(often) ** 2, text: text! };
    });
}

/** The statement at a place on the line that all weights make up, laid end to end. */
function pickWeighted(statements: readonly { weight: number }[], place: number): number {
  let end = 0;
  const at = statements.findIndex(({ weight }) => {
    end += weight;
    return place < end;
  });
  return at < 0 ? statements.length - 1 : at;
}

/** Numbers from 0 to 1 (Mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
