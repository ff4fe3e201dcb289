import type { Command } from 'commander';
import { groupMessages } from '../analysis/log-patterns/group.ts';
import { AppError } from '../core/errors.ts';
import { createOfflineBigQuery } from './analyze-engine.ts';
import { invalidInput } from './exit.ts';
import { answer, type Io, note, outputWidth } from './io.ts';
import { openContent, unreadable } from './replay/content.ts';
import { table } from './tables.ts';

/** What BigQuery takes as one request, less what a parameter adds to its text. */
const MOST_BYTES = 8_000_000;
const BYTES_PER_LINE = 16;

/** `ax analyze log-patterns`: the templates of log messages, and which message is of which. */
export function addAnalyzeLogPatterns(group: Command, io: Io): void {
  group
    .command('log-patterns')
    .description('group log messages by template: the message without what varies')
    .requiredOption('--input <file>', 'one message a line (gzip is fine)')
    .option('--json', 'print exactly one JSON document on stdout')
    .addHelpText(
      'after',
      `
Numbers, ids, times, addresses, paths, quoted texts and values of keys are masked (<*>), then words in whose place many
different ones stand. Leave out what a logger writes before the message (time, level). The same SQL finds the platform's
own error patterns in BigQuery; here a local BigQuery runs it.

Example:
  ax analyze log-patterns --input messages.txt --json`,
    )
    .action(async ({ input, json }: { input: string; json?: boolean }) => {
      const messages = await readMessages(input);
      if (messages.length > 20_000) note(io, `Grouping ${messages.length} messages …`);
      const { templates, lines } = await groupMessages(createOfflineBigQuery(io), messages);
      answer(io, json, { templates, lines }, () =>
        table(
          ['count', 'id', 'template'],
          templates.map(({ id, template, count }) => [String(count), id, template]),
          { right: [0], fixed: [1], width: outputWidth(io) },
        ),
      );
    });
}

/** Throws `invalid_input` of a file that cannot be read, holds nothing or too much. */
async function readMessages(file: string): Promise<string[]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of await openContent(file)) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > MOST_BYTES) break;
    }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(file, error);
  }
  if (bytes === 0) throw invalidInput(`${file} holds no messages.`);
  const lines = Buffer.concat(chunks).toString('utf8').replace(/\n$/, '').split('\n');
  if (bytes + lines.length * BYTES_PER_LINE <= MOST_BYTES) {
    return lines.map((line) => line.replace(/\r$/, ''));
  }
  throw invalidInput(
    `${file}, line ${lines.length}: these are more than ${MOST_BYTES / 1e6} MB of messages; give a part of them.`,
  );
}
