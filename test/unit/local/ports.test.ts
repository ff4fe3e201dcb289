import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { PORT_SPAN } from '../../../local/options.mjs';
import { nextFreeBase, portsFrom, takenPorts } from '../../../local/ports.ts';

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

describe('ports', () => {
  test('are all different and within the span that is promised', () => {
    const ports = Object.values(portsFrom(9000));
    expect(new Set(ports).size).toBe(ports.length);
    expect(Math.max(...ports)).toBe(9000 + PORT_SPAN);
  });

  test('a taken one is named, and not offered again', async () => {
    const taken = await new Promise<number>((resolve) => {
      server = createServer().listen(0, '127.0.0.1', () => {
        resolve((server!.address() as { port: number }).port);
      });
    });
    expect(await takenPorts({ redis: taken })).toEqual([{ name: 'redis', port: taken }]);
    expect(await nextFreeBase(taken - 40 - 100)).not.toBe(taken - 40);
  });
});
