import type { Telemetry } from './telemetry.ts';

/**
 * The telemetry of this process. OpenTelemetry's own globals are one per process, so this is too: the only state of this
 * kind in the project.
 */
let active: Telemetry | undefined;

/** The running telemetry, or undefined before `startTelemetry` and after `close`. */
export function activeTelemetry(): Telemetry | undefined {
  return active;
}

/** Makes a telemetry the process's own, or with undefined leaves the process without. */
export function setActiveTelemetry(telemetry: Telemetry | undefined): void {
  active = telemetry;
}
