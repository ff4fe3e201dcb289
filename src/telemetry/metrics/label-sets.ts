import type { Attributes } from '@opentelemetry/api';
import type { MetricLabels } from './recorder-contract.ts';

/** What stands in place of all sets beyond the limit, as OpenTelemetry has it. */
export const OVERFLOW_ATTRIBUTES: Attributes = Object.freeze({ 'otel.metric.overflow': true });

/** Cloud Monitoring keeps no more of a label's value. */
const MAX_VALUE_CHARS = 1_024;

export type LabelSets = {
  /**
   * The attributes for these labels: the same object for the same values, `OVERFLOW_ATTRIBUTES` beyond the limit, and
   * undefined when there is a label that the metric does not have.
   */
  find(labels: MetricLabels | undefined): Attributes | undefined;
};

type Node = { next: Map<string, Node>; attributes?: Attributes };

/**
 * The sets of label values of one metric. OpenTelemetry limits only those of one interval and keeps all that ever were, so
 * the limit is held here, where every record passes: one look-up per label, no text is put together.
 */
export function createLabelSets(names: readonly string[], limit: number): LabelSets {
  const root: Node = { next: new Map() };
  let size = 0;

  function enter(node: Node, labels: MetricLabels | undefined): Attributes {
    if (size >= limit) return OVERFLOW_ATTRIBUTES;
    size += 1;
    const attributes: Attributes = {};
    for (const name of names) {
      const value = textOf(labels?.[name]);
      if (value !== '') attributes[name] = value;
    }
    node.attributes = Object.freeze(attributes);
    return attributes;
  }

  return {
    find(labels) {
      let node = root;
      let known = 0;
      for (const name of names) {
        const given = labels?.[name];
        if (given !== undefined) known += 1;
        const value = textOf(given);
        let next = node.next.get(value);
        if (next === undefined) {
          if (hasOthers(labels, names)) return undefined;
          // The way to a set is as bounded as the sets are.
          if (size >= limit) return OVERFLOW_ATTRIBUTES;
          next = { next: new Map() };
          node.next.set(value, next);
        }
        node = next;
      }
      let total = 0;
      for (const _ in labels) total += 1;
      if (total !== known && hasOthers(labels, names)) return undefined;
      return node.attributes ?? enter(node, labels);
    },
  };
}

/** Absent and empty are the same to Cloud Monitoring. */
function textOf(value: string | number | boolean | undefined): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : String(value);
  return text.length > MAX_VALUE_CHARS ? text.slice(0, MAX_VALUE_CHARS) : text;
}

function hasOthers(labels: MetricLabels | undefined, names: readonly string[]): boolean {
  return labels !== undefined && Object.keys(labels).some((key) => !names.includes(key));
}
