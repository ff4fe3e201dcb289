/**
 * The share of messages whose group holds exactly the messages of its true group (Zhu et al., "Tools and Benchmarks for
 * Automated Log Parsing", ICSE-SEIP 2019). Groups are named by any texts, one for each message.
 */
export function groupingAccuracy(groups: readonly string[], truth: readonly string[]): number {
  const sizes = (names: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  };
  const [ours, theirs] = [sizes(groups), sizes(truth)];
  const both = sizes(groups.map((group, at) => JSON.stringify([group, truth[at]])));
  const right = groups.filter((group, at) => {
    const shared = both.get(JSON.stringify([group, truth[at]]));
    return shared === ours.get(group) && shared === theirs.get(truth[at]!);
  });
  return groups.length === 0 ? 1 : right.length / groups.length;
}
