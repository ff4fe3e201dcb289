export declare const DEFAULT_PORT_BASE: number;
export declare const DEFAULT_STATE_DIR: string;
export declare const PORT_SPAN: number;
export declare const START_USAGE: string;
export declare const DEFAULT_WORKLOAD_RATE: number;
/** Requests a second altogether, and how many processes share them. */
export type WorkloadOptions = { rate: number; instances: number };
export type StartOptions = {
  portBase: number;
  /** Undefined: none. */
  workload: WorkloadOptions | undefined;
  stateDir: string;
};
export declare function parseStartOptions(
  argv: string[],
):
  | { kind: 'run'; options: StartOptions }
  | { kind: 'help' }
  | { kind: 'invalid'; reason: string };
