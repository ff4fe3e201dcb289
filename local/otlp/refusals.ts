const MAX_KEPT = 200;

/** Something that was not taken, and why. */
export type OtlpRefusal = {
  at: string;
  signal: 'traces' | 'metrics' | 'request';
  /** How many spans or points; 0: a whole request that was not even read. */
  count: number;
  reason: string;
};

export type RefusalLog = ReturnType<typeof createRefusalLog>;

/** The last 200 refusals and how many there were. */
export function createRefusalLog(now: () => number) {
  const kept: OtlpRefusal[] = [];
  let total = 0;
  return {
    add(refusal: Omit<OtlpRefusal, 'at'>): void {
      total += 1;
      kept.push({ at: new Date(now()).toISOString(), ...refusal });
      if (kept.length > MAX_KEPT) kept.shift();
    },
    list: (): OtlpRefusal[] => [...kept],
    total: () => total,
  };
}
