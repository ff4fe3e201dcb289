import type { Catalog } from '../catalog.ts';
import { discoveryDocument } from '../discovery.ts';
import type { Route } from '../http.ts';

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** `/` for people, `/healthz`, and the discovery document the `bq` command starts from. */
export function pageRoutes(catalog: Catalog, url: () => string): Route[] {
  const page = () => {
    const rows = catalog
      .datasets()
      .flatMap((dataset) =>
        [...dataset.tables.values()].map(
          (t) =>
            `<tr><td>${escapeHtml(dataset.id)}.${escapeHtml(t.id)}</td><td>${t.view === undefined ? 'table' : 'view'}</td><td>${escapeHtml((t.resource.description as string | undefined) ?? '')}</td></tr>`,
        ),
      );
    return `<!doctype html><meta charset="utf-8"><title>Local BigQuery</title>
<h1>Local BigQuery, project ${escapeHtml(catalog.projectId)}</h1>
<p>Try <code>bq --oauth_access_token=local --api ${url()} --project_id ${escapeHtml(catalog.projectId)} query --use_legacy_sql=false 'SELECT 1'</code></p>
<table>${rows.join('\n')}</table>`;
  };
  const discovery: Route['handle'] = () => ({ body: discoveryDocument(url()) });
  return [
    { method: 'GET', path: '/', handle: () => ({ html: page() }) },
    {
      method: 'GET',
      path: '/healthz',
      handle: () => ({ body: { status: 'ok', project: catalog.projectId } }),
    },
    { method: 'GET', path: '/$discovery/rest', handle: discovery },
    { method: 'GET', path: '/discovery/v1/apis/bigquery/v2/rest', handle: discovery },
  ];
}
