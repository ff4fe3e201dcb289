type Parameter = {
  type: string;
  location: 'path' | 'query';
  required?: boolean;
  repeated?: boolean;
};

const QUERY = (...names: string[]) =>
  Object.fromEntries(
    names.map((name): [string, Parameter] => [name, { type: 'string', location: 'query' }]),
  );

function method(
  resource: string,
  name: string,
  httpMethod: string,
  path: string,
  options: { body?: boolean; query?: Record<string, Parameter> } = {},
) {
  const inPath = [...path.matchAll(/\{\+(\w+)\}/g)].map((match) => match[1]!);
  const parameters = Object.fromEntries(
    inPath.map((p): [string, Parameter] => [
      p,
      { type: 'string', location: 'path', required: true },
    ]),
  );
  return {
    id: `bigquery.${resource}.${name}`,
    path,
    flatPath: path.replaceAll('+', ''),
    httpMethod,
    parameters: { ...parameters, ...options.query },
    parameterOrder: inPath,
    ...(options.body === true ? { request: { $ref: 'Any' } } : {}),
    response: { $ref: 'Any' },
    scopes: ['https://www.googleapis.com/auth/bigquery'],
  };
}

const P = 'projects/{+projectId}';
const D = `${P}/datasets/{+datasetId}`;
const T = `${D}/tables/{+tableId}`;
const J = `${P}/jobs/{+jobId}`;
const PAGE = QUERY(
  'maxResults',
  'pageToken',
  'all',
  'filter',
  'location',
  'projection',
  'stateFilter',
  'allUsers',
  'maxCreationTime',
  'minCreationTime',
  'parentJobId',
);
const RESULTS = QUERY(
  'maxResults',
  'pageToken',
  'startIndex',
  'timeoutMs',
  'location',
  'selectedFields',
  'formatOptions.useInt64Timestamp',
);

// Generated clients pass a `media_body` argument, if an empty one, only where uploads are declared; loads are refused.
const UPLOAD = {
  supportsMediaUpload: true,
  mediaUpload: {
    accept: ['*/*'],
    protocols: {
      simple: { multipart: true, path: '/upload/bigquery/v2/projects/{+projectId}/jobs' },
    },
  },
};

/**
 * The part of Google's API discovery document that describes what this endpoint serves: generated clients such as
 * the `bq` command learn paths and parameters from it.
 */
export function discoveryDocument(url: string): object {
  const crud = (resource: string, list: string, one: string) => ({
    delete: method(resource, 'delete', 'DELETE', one, { query: QUERY('deleteContents') }),
    get: method(resource, 'get', 'GET', one, {
      query: QUERY('datasetView', 'view', 'selectedFields', 'accessPolicyVersion'),
    }),
    insert: method(resource, 'insert', 'POST', list, {
      body: true,
      query: QUERY('accessPolicyVersion'),
    }),
    list: method(resource, 'list', 'GET', list, { query: PAGE }),
    patch: method(resource, 'patch', 'PATCH', one, {
      body: true,
      query: QUERY('autodetect_schema', 'updateMode', 'accessPolicyVersion'),
    }),
    update: method(resource, 'update', 'PUT', one, {
      body: true,
      query: QUERY('autodetect_schema', 'updateMode', 'accessPolicyVersion'),
    }),
  });
  return {
    kind: 'discovery#restDescription',
    discoveryVersion: 'v1',
    id: 'bigquery:v2',
    name: 'bigquery',
    version: 'v2',
    title: 'BigQuery API',
    protocol: 'rest',
    rootUrl: `${url}/`,
    servicePath: 'bigquery/v2/',
    basePath: '/bigquery/v2/',
    baseUrl: `${url}/bigquery/v2/`,
    batchPath: 'batch/bigquery/v2',
    parameters: QUERY('alt', 'fields', 'key', 'prettyPrint', 'quotaUser', 'trace'),
    auth: {
      oauth2: {
        scopes: { 'https://www.googleapis.com/auth/bigquery': { description: 'BigQuery' } },
      },
    },
    schemas: { Any: { id: 'Any', type: 'object', additionalProperties: { type: 'any' } } },
    resources: {
      projects: {
        methods: { list: method('projects', 'list', 'GET', 'projects', { query: PAGE }) },
      },
      datasets: { methods: crud('datasets', `${P}/datasets`, D) },
      tables: { methods: crud('tables', `${D}/tables`, T) },
      tabledata: {
        methods: {
          insertAll: method('tabledata', 'insertAll', 'POST', `${T}/insertAll`, { body: true }),
          list: method('tabledata', 'list', 'GET', `${T}/data`, { query: RESULTS }),
        },
      },
      jobs: {
        methods: {
          cancel: method('jobs', 'cancel', 'POST', `${J}/cancel`, { query: QUERY('location') }),
          get: method('jobs', 'get', 'GET', J, { query: QUERY('location') }),
          getQueryResults: method('jobs', 'getQueryResults', 'GET', `${P}/queries/{+jobId}`, {
            query: RESULTS,
          }),
          insert: { ...method('jobs', 'insert', 'POST', `${P}/jobs`, { body: true }), ...UPLOAD },
          list: method('jobs', 'list', 'GET', `${P}/jobs`, { query: PAGE }),
          query: method('jobs', 'query', 'POST', `${P}/queries`, { body: true }),
        },
      },
    },
  };
}
