/** What the comment at the top of a SQL file says, part by part. */
export type Header = {
  /** The text before the first labelled part. */
  purpose: string;
  /** GoogleSQL types by parameter name. */
  parameters: Record<string, string>;
  /** "Who runs it" or "Who reads it". */
  who: string | undefined;
  costBound: string | undefined;
};

const LABELS = /(?:^|\s)(Parameters|Who runs it|Who reads it|Cost bound):/;
const PARAMETERS = /(@\w+(?:, @\w+)*) ((?:ARRAY<)?[A-Z][A-Z0-9]+>?)/g;

/** Reads the leading `--` comment of a SQL file. */
export function parseHeader(sql: string): Header {
  const lines = sql.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--'));
  const text = lines
    .slice(0, end)
    .map((line) => line.slice(2).trim())
    .join(' ');
  const [purpose = '', ...labelled] = text.split(LABELS).map((part) => part.trim());
  const parts = new Map<string, string>();
  for (let at = 0; at < labelled.length; at += 2) parts.set(labelled[at]!, labelled[at + 1]!);
  return {
    purpose,
    parameters: parseParameters(parts.get('Parameters') ?? ''),
    who: parts.get('Who runs it') ?? parts.get('Who reads it'),
    costBound: parts.get('Cost bound'),
  };
}

/** `@from, @to TIMESTAMP (UTC); …` as types by name. */
function parseParameters(text: string): Record<string, string> {
  const found = [...text.matchAll(PARAMETERS)].flatMap(([, names, type]) =>
    names!.split(', ').map((name) => [name.slice(1), type!]),
  );
  return Object.fromEntries(found);
}

/** The names of the parameters that the statement uses, comments left out. */
export function parametersIn(sql: string): string[] {
  const code = sql.replaceAll(/--.*$/gm, '').replaceAll(/'(?:[^'\\]|\\.)*'/g, '');
  return [...new Set([...code.matchAll(/@(\w+)/g)].map(([, name]) => name!))].sort();
}
