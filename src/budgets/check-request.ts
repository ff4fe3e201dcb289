import { NAME_PATTERN } from '../core/ids.ts';

/** Asks for a check of a workspace's budgets; without `budgetIds` of all of them. */
export type CheckRequest = { workspaceId: string; budgetIds?: string[] };

const NAME = new RegExp(NAME_PATTERN);

/** The data of a message on the topic `budget-checks`. */
export function formatCheckRequest(request: CheckRequest): Buffer {
  return Buffer.from(JSON.stringify(request));
}

/** What `formatCheckRequest` wrote; undefined when it is anything else. */
export function parseCheckRequest(data: Buffer): CheckRequest | undefined {
  let request: Partial<Record<keyof CheckRequest, unknown>> | null;
  try {
    request = JSON.parse(data.toString('utf8'));
  } catch {
    return undefined;
  }
  const { workspaceId, budgetIds } = request ?? {};
  if (!isName(workspaceId)) return undefined;
  if (budgetIds === undefined) return { workspaceId };
  if (!Array.isArray(budgetIds) || !budgetIds.every(isName)) return undefined;
  return { workspaceId, budgetIds };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value);
}
