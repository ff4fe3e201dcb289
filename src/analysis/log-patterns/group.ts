import type { Warehouse } from '../../cloud/bigquery.ts';
import { readQuery } from '../../cloud/query-file.ts';

/** Messages that are one but for what varies in them. */
export type MessageTemplate = {
  /** The first 16 hexadecimal digits of the template's SHA-256: equal templates have equal ids, always. */
  id: string;
  /** The message's first line with `<*>` for what varies. */
  template: string;
  /** How many of the messages are of it. */
  count: number;
};

/** `templates` by falling count; `lines` has the id of each message's template, in the messages' order. */
export type GroupedMessages = { templates: MessageTemplate[]; lines: string[] };

const SQL = readQuery('message_templates');

/**
 * Groups messages by template (`bigquery/queries/message_templates.sql`). Which words of a message vary is also told by
 * the other messages. The messages travel with the query, at most 10 MB of them to BigQuery. Throws `warehouse_failed`.
 */
export async function groupMessages(
  warehouse: Pick<Warehouse, 'query'>,
  messages: readonly string[],
): Promise<GroupedMessages> {
  if (messages.length === 0) return { templates: [], lines: [] };
  const rows = await warehouse.query<MessageTemplate & { lines: number[] }>({
    sql: SQL,
    params: { messages },
    types: { messages: ['STRING'] },
  });
  const lines = new Array<string>(messages.length);
  for (const row of rows) {
    for (const line of row.lines) lines[line] = row.id;
  }
  return { templates: rows.map(({ id, template, count }) => ({ id, template, count })), lines };
}
