import { describe, expect, test } from '@jest/globals';
import { listChannels, routeAlert } from '../../../src/alerts/routing.ts';
import { alertOf, channelOf } from '../../support/alerts.ts';

const target: { kind: 'email'; to: string[] } = { kind: 'email', to: ['a@x.example'] };
const own = channelOf('mail', target);
const ops = channelOf('ops', target, { scope: '-' });
/** `acme/mail deliver named`, … */
const routes = (...args: Parameters<typeof routeAlert>) =>
  routeAlert(...args).map(
    ({ kind, channel, reason }) => `${channel.scope}/${channel.id} ${kind} ${reason}`,
  );

describe('an alert that names no channel', () => {
  test("goes to all of the workspace's and the platform's channels that take it", () => {
    expect(routes(alertOf({ id: 'a' }), [own, ops])).toEqual([
      'acme/mail deliver takes-such-alerts',
      '-/ops deliver takes-such-alerts',
    ]);
  });

  test.each([
    [{ minSeverity: 'critical' as const }, 'acme/mail leave too-mild'],
    [{ minSeverity: 'high' as const }, 'acme/mail deliver takes-such-alerts'],
    [{ types: ['spike' as const] }, 'acme/mail leave other-type'],
    [{ types: ['spike' as const, 'budget' as const] }, 'acme/mail deliver takes-such-alerts'],
  ])('and meets a channel that takes %j: %s', (parts, route) => {
    expect(routes(alertOf({ id: 'a' }), [channelOf('mail', target, parts)])).toEqual([route]);
  });
});

test('the insights of a week go to channels whose types name them, and to no others', () => {
  const asking = channelOf('asking', target, { types: ['insight'] });
  expect(routes(alertOf({ id: 'a', type: 'insight' }), [own, asking])).toEqual([
    'acme/mail leave other-type',
    'acme/asking deliver takes-such-alerts',
  ]);
});

describe('an alert that names channels', () => {
  test('goes to those alone', () => {
    expect(routes(alertOf({ id: 'a', channels: ['mail'] }), [own, ops])).toEqual([
      'acme/mail deliver named',
      '-/ops leave not-named',
    ]);
  });

  test("finds the workspace's before the platform's of the same name", () => {
    const same = channelOf('mail', target, { scope: '-' });
    expect(routes(alertOf({ id: 'a', channels: ['mail'] }), [same, own])).toEqual([
      '-/mail leave not-named',
      'acme/mail deliver named',
    ]);
    expect(routes(alertOf({ id: 'a', channels: ['mail'] }), [same])).toEqual([
      '-/mail deliver named',
    ]);
    expect(routes(alertOf({ id: 'a', channels: ['-/mail'] }), [same, own])).toEqual([
      '-/mail deliver named',
      'acme/mail leave not-named',
    ]);
  });

  test('says once which of them are gone', () => {
    const alert = alertOf({ id: 'a', channels: ['gone', '-/gone', 'gone'] });
    expect(routes(alert, [])).toEqual([
      'acme/gone skip channel-is-gone',
      '-/gone skip channel-is-gone',
    ]);
  });

  test('for a test goes there whatever the channel takes', () => {
    const picky = channelOf('mail', target, { minSeverity: 'critical', types: ['spike'] });
    const alert = alertOf({ id: 'a', type: 'test', severity: 'low', channels: ['mail'] });
    expect(routes(alert, [picky])).toEqual(['acme/mail deliver named']);
    const budget = alertOf({ id: 'a', severity: 'low', channels: ['mail'] });
    expect(routes(budget, [picky])).toEqual(['acme/mail leave other-type']);
  });
});

test('channels are those of the workspace and of the platform, as of now', async () => {
  const asked: unknown[] = [];
  const settings = {
    async list(_: 'channel', scope: string, options: { fresh: boolean }) {
      asked.push([scope, options]);
      const setting = { version: 1, body: { target }, changedBy: '', changedAt: '' };
      return [{ id: `of${scope}`, ...setting }];
    },
  };
  expect(await listChannels(settings, 'acme')).toEqual([
    { scope: 'acme', id: 'ofacme', body: { target } },
    { scope: '-', id: 'of-', body: { target } },
  ]);
  expect(asked).toEqual([
    ['acme', { fresh: true }],
    ['-', { fresh: true }],
  ]);
});
