import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenIssuer } from '../oidc.ts';
import type { Registry } from './registry.ts';
import type { SubscriptionStats } from './subscription.ts';

export type PubSubStats = {
  projectId: string;
  backlogMessages: number;
  backlogBytes: number;
  topics: Record<string, { published: number; subscriptions: string[] }>;
  subscriptions: Record<string, SubscriptionStats>;
};

/**
 * Short, because the key changes with every start of the local cloud, and a verifier that went on trusting the old one would refuse
 * every push until its copy ran out.
 */
const CERTS_MAX_AGE_SECONDS = 10;

/** The HTTP face: `/healthz`, `/stats`, `/` for people, and the push tokens' public keys where Google has them. */
export function createHttpServer(registry: Registry, issuer: TokenIssuer, projectId: string) {
  const certsHeaders = { 'cache-control': `public, max-age=${CERTS_MAX_AGE_SECONDS}` };
  const pages: Record<string, (response: ServerResponse) => void> = {
    '/': (response) => {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(describe(collectStats(registry, projectId)));
    },
    '/healthz': (response) => sendJson(response, { status: 'ok' }),
    '/stats': (response) => sendJson(response, collectStats(registry, projectId)),
    '/oauth2/v1/certs': (response) => sendJson(response, issuer.pemCerts, certsHeaders),
    '/oauth2/v3/certs': (response) => sendJson(response, issuer.jwkCerts, certsHeaders),
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://local');
    const page = request.method === 'GET' ? pages[pathname] : undefined;
    if (page) page(response);
    else {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: 'not_found', pages: Object.keys(pages) } }));
    }
  });

  return {
    /** Listens and resolves to the port; rejects when it is taken. */
    listen(host: string, port: number): Promise<number> {
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      });
    },
    /** Stops and cuts what is still open. */
    async close(): Promise<void> {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function collectStats({ topics, subscriptions, usage }: Registry, projectId: string): PubSubStats {
  return {
    projectId,
    backlogMessages: usage.messages,
    backlogBytes: usage.bytes,
    topics: Object.fromEntries(
      [...topics.values()].map((topic) => [
        idOf(topic.name),
        {
          published: topic.published,
          subscriptions: [...topic.subscriptions].map(({ config }) => idOf(config.name)),
        },
      ]),
    ),
    subscriptions: Object.fromEntries(
      [...subscriptions].map(([name, live]) => [idOf(name), live.stats()]),
    ),
  };
}

function describe({ projectId, topics, subscriptions }: PubSubStats): string {
  const lines = [`Local Pub/Sub, project ${projectId}. As JSON: /stats`, ''];
  for (const [name, topic] of Object.entries(topics)) {
    lines.push(`topic ${name}: ${topic.published} published`);
  }
  for (const [name, it] of Object.entries(subscriptions)) {
    lines.push(
      `subscription ${name} (${it.type} of ${idOf(it.topic)}): ${it.backlogMessages} waiting, ${it.inFlight} in flight, ` +
        `${it.acked} acked, ${it.nacked} nacked, ${it.expired} expired, ${it.deadLettered} dead-lettered`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function idOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function sendJson(response: ServerResponse, body: object, headers: object = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
