const MAX_RULES = 100;

/** How often a rule was broken, with what was answered last. */
export type Refusal = { rule: string; message: string; count: number; lastAtMs: number };

export type Refusals = ReturnType<typeof createRefusals>;

/** What was refused, per rule, because messages name times and series. Most frequent first. */
export function createRefusals(now: () => number) {
  const byRule = new Map<string, Refusal>();
  return {
    add(rule: string, message: string): void {
      const known = byRule.get(rule);
      if (known === undefined && byRule.size >= MAX_RULES) return;
      byRule.set(rule, { rule, message, count: (known?.count ?? 0) + 1, lastAtMs: now() });
    },
    list: (): Refusal[] => [...byRule.values()].sort((a, b) => b.count - a.count),
  };
}
