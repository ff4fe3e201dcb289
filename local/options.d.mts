export declare const DEFAULT_PORT_BASE: number;
export declare const PORT_SPAN: number;
export declare const START_USAGE: string;
export type StartOptions = { portBase: number; workload: boolean; stateDir: string };
export declare function parseStartOptions(
  argv: string[],
):
  | { kind: 'run'; options: StartOptions }
  | { kind: 'help' }
  | { kind: 'invalid'; reason: string };
