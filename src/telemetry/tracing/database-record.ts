/** One query or command that a database answered or refused. */
export type DatabaseRecord = {
  /** `redis`, `gcp.bigquery`. */
  system: string;
  /** The command or the kind of query, never its text. */
  operation: string;
  durationMs: number;
  /** Class of the error it failed with; absent when it did not. */
  errorType?: string | undefined;
};
