import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { UnaryCalls } from './server.ts';
import { GrpcStatus } from './status.ts';

/** How an endpoint misbehaves. Answers of faults are no refusals: nothing was wrong with the request. */
export type RpcFault = {
  /** Name of the RPC, e.g. `CreateTimeSeries`. Absent: all of them. */
  rpc?: string;
  /** Strikes every n-th of these calls, counted from when the fault was set. Default 1: each. */
  every?: number;
  /** How often it strikes; absent: until the faults are replaced. */
  times?: number;
} & (
  | {
      /** `fail` answers without doing anything; `apply-then-fail` does it first, as when an answer is lost. */
      kind: 'fail' | 'apply-then-fail';
      /** Default UNAVAILABLE. */
      code?: status;
      message?: string;
    }
  /** Never answers; the caller's deadline ends the call. Nothing is done. */
  | { kind: 'hang' }
  | { kind: 'delay'; ms: number }
);

export type RpcFaults = ReturnType<typeof createRpcFaults>;

/** The faults in force, none at first. */
export function createRpcFaults() {
  let faults: { fault: RpcFault; calls: number; struck: number }[] = [];

  function strike(rpc: string): RpcFault | undefined {
    for (const entry of faults) {
      const { fault } = entry;
      if (fault.rpc !== undefined && fault.rpc !== rpc) continue;
      if (fault.times !== undefined && entry.struck >= fault.times) continue;
      entry.calls += 1;
      if (entry.calls % (fault.every ?? 1) !== 0) continue;
      entry.struck += 1;
      return fault;
    }
    return undefined;
  }

  return {
    /** Replaces all faults and counts anew. */
    set(next: readonly RpcFault[]): void {
      faults = next.map((fault) => ({ fault: { ...fault }, calls: 0, struck: 0 }));
    },
    /** The faults in force with how often each has struck. */
    get current(): readonly (RpcFault & { struck: number })[] {
      return faults.map(({ fault, struck }) => ({ ...fault, struck }));
    },
    /** Answers a call, or misbehaves. */
    async around<T>(rpc: string, answer: () => T | Promise<T>): Promise<T> {
      const fault = strike(rpc);
      switch (fault?.kind) {
        case undefined:
          return answer();
        case 'hang':
          return new Promise<T>(() => {});
        case 'delay':
          await sleep(fault.ms, undefined, { ref: false });
          return answer();
        case 'apply-then-fail':
          await answer();
          throw failure(fault);
        case 'fail':
          throw failure(fault);
      }
    },
  };
}

function failure({ code = status.UNAVAILABLE, message }: { code?: status; message?: string }) {
  return new GrpcStatus(code, message ?? 'The service is currently unavailable.');
}

/** The same calls, each struck by the faults in force. */
export function withFaults(calls: UnaryCalls, faults: RpcFaults): UnaryCalls {
  return Object.fromEntries(
    Object.entries(calls).map(([name, answer]) => [
      name,
      (request, call) => faults.around(name, () => answer(request, call)),
    ]),
  );
}
