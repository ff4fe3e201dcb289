import { readFileSync } from 'node:fs';

const BIGQUERY = new URL('../../bigquery/', import.meta.url);
const INCLUDE = /^-- include: ([\w/.-]+)$/gm;

/**
 * The text of a query of bigquery/queries, with what it includes: a line `-- include: fragments/<name>.sql` stands for
 * the fragment of bigquery/ of that name, its comments left out (the query's own header stays on top). Fragments
 * include nothing themselves. Throws where there is no such file.
 */
export function readQuery(name: string): string {
  return withIncludes(readFileSync(new URL(`queries/${name}.sql`, BIGQUERY), 'utf8'));
}

/** The text of a SQL file with what it includes, for whoever reads the files by themselves. */
export function withIncludes(sql: string): string {
  return sql.replaceAll(INCLUDE, (_line, path: string) =>
    readFileSync(new URL(path, BIGQUERY), 'utf8')
      .replaceAll(/^ *--.*\n/gm, '')
      .trimEnd(),
  );
}
