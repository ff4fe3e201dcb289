import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createEndpointFiles, type Endpoints } from '../../../local/endpoints.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'endpoints-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const copy = (portBase: number, supervisor: number): Endpoints => ({
  api: `http://127.0.0.1:${portBase}`,
  apiKey: 'axk_x',
  ingest: '',
  checkBudgets: '',
  deliverAlerts: '',
  detectAnomalies: '',
  detectErrorPatterns: '',
  publishBusinessMetrics: '',
  inbox: '',
  smtp: '',
  scheduler: '',
  console: '',
  monitoring: '',
  logging: '',
  otlp: '',
  pubsub: '',
  bigquery: '',
  redis: '',
  project: '',
  dataset: '',
  logs: '',
  pids: { supervisor },
});
const shared = () =>
  JSON.parse(readFileSync(join(stateDir, 'endpoints.json'), 'utf8')) as Endpoints;

// Both must be processes that exist; nothing is done to them.
const FIRST = process.pid;
const SECOND = process.ppid;

describe('endpoints.json', () => {
  test('holds a key, so only its owner may read it', () => {
    const files = createEndpointFiles({ stateDir, portBase: 8400 });
    files.publish(copy(8400, FIRST));
    for (const file of [files.own, files.shared]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('belongs to the copy started last, and goes back to the other one when that ends', () => {
    const first = createEndpointFiles({ stateDir, portBase: 8400 });
    const second = createEndpointFiles({ stateDir, portBase: 9400 });
    first.publish(copy(8400, FIRST));
    second.publish(copy(9400, SECOND));
    expect(shared().api).toBe('http://127.0.0.1:9400');
    first.update(copy(8400, FIRST));
    expect(shared().api).toBe('http://127.0.0.1:9400');
    second.withdraw(SECOND);
    expect(shared().api).toBe('http://127.0.0.1:8400');
    first.withdraw(FIRST);
    expect(existsSync(first.shared)).toBe(false);
    expect(existsSync(first.own)).toBe(false);
  });

  test('is not handed to a copy that is dead', () => {
    const dead = createEndpointFiles({ stateDir, portBase: 8400 });
    const files = createEndpointFiles({ stateDir, portBase: 9400 });
    dead.publish(copy(8400, 2 ** 22 + 1));
    files.publish(copy(9400, FIRST));
    files.withdraw(FIRST);
    expect(existsSync(files.shared)).toBe(false);
  });

  test('withdrawing twice, or before publishing, is harmless', () => {
    const files = createEndpointFiles({ stateDir, portBase: 8400 });
    files.withdraw(FIRST);
    files.publish(copy(8400, FIRST));
    files.withdraw(FIRST);
    files.withdraw(FIRST);
    expect(existsSync(files.own)).toBe(false);
  });
});
