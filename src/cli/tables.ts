import Table from 'cli-table3';

const NO_FRAME = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * Rows under a header in plain columns, without colours; `right` names the columns aligned to the right. With a `width` no
 * line is wider: texts are cut (`…`), those of the `ids` last of all and in the middle, those of `right` and `fixed`
 * never, so that in a terminal too narrow for them the ends of lines are missing. `notes` has a line for each row to stand under it, wrapped.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  options: {
    right?: readonly number[];
    fixed?: readonly number[];
    ids?: readonly number[];
    notes?: readonly (string | undefined)[];
    width?: number;
  } = {},
): string {
  const { right = [], fixed = [], ids = [], notes = [], width } = options;
  const widths = columnWidths([head, ...rows], { fixed: [...right, ...fixed], ids, width });
  const grid = new Table({
    head: head.map((text, at) => cut(text, widths[at]!)),
    chars: NO_FRAME,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, index) => (right.includes(index) ? 'right' : 'left')),
  });
  const fit = (text: string, at: number) =>
    ids.includes(at) ? cutMiddle(text, widths[at]!) : cut(text, widths[at]!);
  grid.push(...rows.map((row) => row.map(fit)));
  return grid
    .toString()
    .split('\n')
    .flatMap((line, at) => {
      const note = notes[at - 1];
      const row = cut(line.trimEnd(), width ?? Number.POSITIVE_INFINITY);
      return note === undefined ? [row] : [row, ...wrap(note, width, '  ')];
    })
    .join('\n');
}

const GAP = 2;
const LEAST = { text: 6, id: 9 };

/** The widths at which all columns fit, as far as they can. */
function columnWidths(
  lines: readonly (readonly string[])[],
  options: { fixed: readonly number[]; ids: readonly number[]; width: number | undefined },
): number[] {
  const { fixed, ids, width = Number.POSITIVE_INFINITY } = options;
  const columns = (lines[0] ?? []).map((_, at) => at);
  const widths = columns.map((at) => Math.max(...lines.map((line) => line[at]!.length)));
  let excess = widths.reduce((sum, one) => sum + one, GAP * (columns.length - 1)) - width;
  const texts = columns.filter((at) => !fixed.includes(at) && !ids.includes(at));
  const steps = [
    { group: texts, least: LEAST.text },
    { group: ids, least: LEAST.id },
  ];
  for (const { group, least } of steps) {
    while (excess > 0) {
      const widest = Math.max(0, ...group.map((at) => widths[at]!));
      if (widest <= least) break;
      widths[group.find((at) => widths[at] === widest)!] = widest - 1;
      excess -= 1;
    }
  }
  return widths;
}

/** The text, or as much of it as `width` holds with `…` at the end. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1)).trimEnd()}…`;
}

/** As `cut`, for ids, which often differ in how they end. */
function cutMiddle(text: string, width: number): string {
  if (text.length <= width) return text;
  const end = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - end)}…${text.slice(text.length - end)}`;
}

/** The text in lines of at most `width` (absent: one line), each after `indent`. */
export function wrap(text: string, width: number | undefined, indent = ''): string[] {
  const room = Math.max(1, (width ?? Number.POSITIVE_INFINITY) - indent.length);
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = '';
    }
    for (; word.length > room; word = word.slice(room)) lines.push(word.slice(0, room));
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => indent + one);
}

/** Sentences of the API with their percents as a terminal shows them everywhere: `50%`. */
export function withTightPercents(text: string): string {
  return text.replace(/(\d) %/g, '$1%');
}

/** A bar of `share` (0 to 1) of `width` characters, to an eighth of a character; something is never nothing. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const shown = share > 0 ? Math.max(1, eighths) : 0;
  return '█'.repeat(Math.floor(shown / 8)) + (EIGHTHS[shown % 8] ?? '');
}

/** A decimal amount for people: all its digits, at least two of them after the point, thousands apart. */
export function dollars(usd: string): string {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(usd) ?? [];
  return `${sign}$${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${fraction.padEnd(2, '0')}`;
}

/** `part / whole` as a number between 0 and 1, of exact amounts; 0 when the whole is not positive. */
export function shareOf(part: bigint, whole: bigint): number {
  return whole <= 0n ? 0 : Number((part * 1_000_000n) / whole) / 1_000_000;
}
