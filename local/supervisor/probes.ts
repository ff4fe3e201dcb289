import { connect } from 'node:net';

export type Probe = () => Promise<boolean>;

const PROBE_TIMEOUT_MS = 2_000;

/** Whether a GET of `url` is answered by a 2xx within two seconds. Never throws. */
export function httpProbe(url: string): Probe {
  return async () => {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  };
}

/**
 * Whether the local TCP port takes a connection and, when `say` is given, answers it with something that starts
 * with `expect`, within two seconds. Never throws.
 */
export function tcpProbe(port: number, exchange?: { say: string; expect: string }): Probe {
  return () =>
    new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      const finish = (ready: boolean) => {
        socket.destroy();
        resolve(ready);
      };
      socket.setTimeout(PROBE_TIMEOUT_MS, () => finish(false));
      socket.once('error', () => finish(false));
      socket.once('connect', () => (exchange ? socket.write(exchange.say) : finish(true)));
      socket.once('data', (data) => finish(data.toString().startsWith(exchange?.expect ?? '')));
    });
}
