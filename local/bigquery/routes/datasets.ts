import type { Catalog, Dataset, Resource } from '../catalog.ts';
import type { Route } from '../http.ts';

const BASE = '/projects/:project/datasets';

/** Fields the service alone sets; requests may carry them back unchanged. */
const OWN = [
  'kind',
  'id',
  'etag',
  'selfLink',
  'creationTime',
  'lastModifiedTime',
  'datasetReference',
  'tableReference',
  'type',
  'numRows',
  'numBytes',
];

/** What a request may set: everything but the fields that are the service's own. */
export function settable(body: Resource): Resource {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !OWN.includes(key)));
}

/** The slice of a list that `maxResults` and `pageToken` ask for. */
export function pageOf<T>(
  items: T[],
  query: URLSearchParams,
): { items: T[]; nextPageToken?: string } {
  const from = Number(query.get('pageToken') ?? 0);
  const count = Number(query.get('maxResults') ?? 50_000) || 50_000;
  const end = from + count;
  return {
    items: items.slice(from, end),
    ...(end < items.length ? { nextPageToken: String(end) } : {}),
  };
}

/** datasets.insert, get, list, patch, update, delete, and the project itself. */
export function datasetRoutes(catalog: Catalog): Route[] {
  const show = (dataset: Dataset) => ({ ...dataset.resource, type: 'DEFAULT' });
  const change: Route['handle'] = async ({ params, body }) => {
    catalog.checkProject(params.project!);
    return { body: show(await catalog.updateDataset(params.dataset!, settable(body))) };
  };
  return [
    {
      method: 'GET',
      path: '/projects',
      handle: () => {
        const id = catalog.projectId;
        const project = {
          kind: 'bigquery#project',
          id,
          numericId: '1',
          projectReference: { projectId: id },
          friendlyName: id,
        };
        return { body: { kind: 'bigquery#projectList', projects: [project], totalItems: 1 } };
      },
    },
    {
      method: 'POST',
      path: BASE,
      handle: async ({ params, body }) => {
        catalog.checkProject(params.project!);
        const { datasetId } = (body.datasetReference ?? {}) as { datasetId?: string };
        return { body: show(await catalog.createDataset(datasetId, settable(body))) };
      },
    },
    {
      method: 'GET',
      path: BASE,
      handle: ({ params, query }) => {
        catalog.checkProject(params.project!);
        const { items, ...rest } = pageOf(catalog.datasets(), query);
        const datasets = items.map(({ resource }) => {
          const { kind, id, datasetReference, labels, friendlyName, location } = resource;
          return { kind, id, datasetReference, labels, friendlyName, location };
        });
        return { body: { kind: 'bigquery#datasetList', etag: 'list', datasets, ...rest } };
      },
    },
    {
      method: 'GET',
      path: `${BASE}/:dataset`,
      handle: ({ params }) => {
        catalog.checkProject(params.project!);
        return { body: show(catalog.dataset(params.dataset!)) };
      },
    },
    { method: 'PATCH', path: `${BASE}/:dataset`, handle: change },
    { method: 'PUT', path: `${BASE}/:dataset`, handle: change },
    {
      method: 'DELETE',
      path: `${BASE}/:dataset`,
      handle: async ({ params, query }) => {
        catalog.checkProject(params.project!);
        await catalog.deleteDataset(params.dataset!, query.get('deleteContents') === 'true');
        return {};
      },
    },
  ];
}
