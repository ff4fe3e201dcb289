/** Why one time series of a request was not written. */
export type SeriesFault = {
  /** Names the rule, the same for all who break it. */
  rule: string;
  /** The service's words. */
  message: string;
};

/** A fault in the words the service uses for a field; `value` is left out where the service does not repeat it. */
export function invalidField(
  rule: string,
  field: string,
  value: string | undefined,
  why: string,
): SeriesFault {
  const of = value === undefined ? '' : ` of "${value}"`;
  return { rule, message: `Field ${field} had an invalid value${of}: ${why}` };
}
