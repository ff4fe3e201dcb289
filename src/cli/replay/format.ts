import type { FieldError } from '../../core/errors.ts';

/**
 * One row of a file. `event` has all of a cost event but, where the format has no such column, its id and
 * timestamp; `sourceMs` is when it happened by the file's own clock (epoch ms, or any other origin when the
 * format is shifted). `skipped` rows cost nothing by design; `invalid` ones stop the replay before it begins.
 * `line` counts from 1, the header included.
 */
export type ReplayRow =
  | { kind: 'event'; line: number; sourceMs: number; event: Record<string, unknown> }
  | { kind: 'skipped'; line: number }
  | { kind: 'invalid'; line: number; errors: FieldError[] };

/** How one kind of file becomes cost events. Reading is streamed; nothing of the file is kept. */
export type ReplayFormat = {
  name: string;
  /** Everything besides the file's content that makes its events what they are; part of their ids. */
  identity: readonly string[];
  /**
   * `as-is`: timestamps are the file's. `shifted`: they move so that the last row's time plus `tailMs` falls on
   * the end; the end defaults to now, cut to a multiple of `endGrainMs`.
   */
  timing: { kind: 'as-is' } | { kind: 'shifted'; tailMs: number; endGrainMs: number };
  read(content: AsyncIterable<Buffer>): AsyncIterable<ReplayRow>;
};
