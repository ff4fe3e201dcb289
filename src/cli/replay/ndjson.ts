import { errorMessage } from '../../core/errors.ts';
import { parseInstant } from '../../core/time.ts';
import { MAX_MESSAGE_BYTES } from '../../costs/event.ts';
import { invalidInput } from '../exit.ts';
import type { ReplayFormat, ReplayRow } from './format.ts';

/**
 * Cost events as they are, one JSON object per line. Events without a workspace get `workspaceId`; events
 * without an id get one derived from the file's content and their line, so that a second replay repeats them.
 */
export function costEventsNdjson(options: { workspaceId?: string }): ReplayFormat {
  const { workspaceId } = options;
  return {
    name: 'cost-events-ndjson',
    identity: [workspaceId ?? ''],
    timing: { kind: 'as-is' },
    async *read(content) {
      let line = 0;
      for await (const text of readLines(content)) {
        line += 1;
        if (text.trim() !== '') yield toRow(line, text);
      }
    },
  };

  function toRow(line: number, text: string): ReplayRow {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      const reason = `is not JSON: ${errorMessage(error)}`;
      return { kind: 'invalid', line, errors: [{ field: 'event', reason }] };
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const reason = 'must be a JSON object';
      return { kind: 'invalid', line, errors: [{ field: 'event', reason }] };
    }
    const event: Record<string, unknown> = { ...value };
    if (workspaceId !== undefined) event.workspaceId ??= workspaceId;
    // Not a time: left for the event parser to refuse, in its words.
    const sourceMs = parseInstant(String(event.timestamp)) ?? 0;
    return { kind: 'event', line, sourceMs, event };
  }
}

/** Lines of a stream, holding at most one of them; one longer than a whole message may be throws. */
async function* readLines(content: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of content) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_MESSAGE_BYTES) {
      throw invalidInput('A line is longer than 1 MiB: the file is not one JSON event per line.');
    }
    yield* lines;
  }
  if (rest !== '') yield rest;
}
