import { type Attributes, type Meter, ValueType } from '@opentelemetry/api';
import type { MetricDefinition } from './definition.ts';
import { createLabelSets, type LabelSets } from './label-sets.ts';

/** What a definition is recorded with. */
export type Instrument = {
  definition: MetricDefinition;
  labelSets: LabelSets;
  isInt: boolean;
  mayBeNegative: boolean;
  record(value: number, attributes: Attributes): void;
};

/** Names of a process's metrics begin with it, wherever they go. */
const PREFIX = 'agentworks/';
const MAX_METRICS = 1_000;
/** As many as OpenTelemetry has room for beside the one for all others. */
const MAX_LABEL_SETS = 1_999;

export type Instruments = ReturnType<typeof createInstruments>;

/**
 * One instrument per definition, made with its first record. There can be one definition of a name only, and at most 1,000.
 */
export function createInstruments(meter: Meter) {
  const byName = new Map<string, Instrument>();
  const byDefinition = new WeakMap<MetricDefinition, Instrument>();

  function make(definition: MetricDefinition): Instrument | undefined {
    const known = byName.get(definition.name);
    if (known === undefined && byName.size >= MAX_METRICS) return undefined;
    if (known !== undefined && shapeOf(known.definition) !== shapeOf(definition)) return undefined;
    const instrument = known ?? open(meter, definition);
    byName.set(definition.name, instrument);
    byDefinition.set(definition, instrument);
    return instrument;
  }

  return {
    /** Undefined when another definition of the name was there before, or there are too many. */
    find: (definition: MetricDefinition): Instrument | undefined =>
      byDefinition.get(definition) ?? make(definition),
    /** The definition behind a collected metric's name. */
    definitionOf: (collected: string): MetricDefinition | undefined =>
      collected.startsWith(PREFIX)
        ? byName.get(collected.slice(PREFIX.length))?.definition
        : undefined,
  };
}

function open(meter: Meter, definition: MetricDefinition): Instrument {
  const { name, kind, unit, description, labels, boundaries } = definition;
  const isInt = definition.valueType === 'int';
  const options = { unit, description, valueType: isInt ? ValueType.INT : ValueType.DOUBLE };
  const common = {
    definition,
    labelSets: createLabelSets(labels, MAX_LABEL_SETS),
    isInt,
    mayBeNegative: kind === 'gauge',
  };
  switch (kind) {
    case 'counter': {
      const counter = meter.createCounter(PREFIX + name, options);
      return { ...common, record: (value, attributes) => counter.add(value, attributes) };
    }
    case 'histogram': {
      const advice = { explicitBucketBoundaries: [...(boundaries ?? [])] };
      const histogram = meter.createHistogram(PREFIX + name, { ...options, advice });
      return { ...common, record: (value, attributes) => histogram.record(value, attributes) };
    }
    case 'gauge': {
      const gauge = meter.createGauge(PREFIX + name, options);
      return { ...common, record: (value, attributes) => gauge.record(value, attributes) };
    }
  }
}

function shapeOf({ kind, valueType, unit, labels, boundaries }: MetricDefinition): string {
  return JSON.stringify([kind, valueType, unit, labels, boundaries ?? []]);
}
