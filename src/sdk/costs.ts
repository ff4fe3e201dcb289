import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { createCostReporter } from '../costs/reporter.ts';
import type {
  CostReporter,
  CostReporterTarget,
  DeliveryFailure,
} from '../costs/reporter-options.ts';
import type { Logger } from '../telemetry/logging.ts';

const MAX_IDS = 20;

/**
 * The reporter that traced calls report to, and whether it was made here and so is closed here. What it loses is logged as an
 * error, with the ids of the first twenty events.
 */
export function openCosts(
  costs: CostReporterTarget | CostReporter | undefined,
  workspaceId: string | undefined,
  log: Pick<Logger, 'error'>,
): { reporter: CostReporter | undefined; owned: boolean } {
  if (costs === undefined) return { reporter: undefined, owned: false };
  if ('report' in costs) return { reporter: untraced(costs), owned: false };
  const onError = ({ events, reason, message }: DeliveryFailure) => {
    const ids = events.slice(0, MAX_IDS).map(({ id }) => id);
    log.error('cost events lost', { events: events.length, reason, message, ids });
  };
  const reporter = createCostReporter({
    target: costs,
    onError,
    ...(workspaceId !== undefined && { workspaceId }),
  });
  return { reporter: untraced(reporter), owned: true };
}

/** A batch holds the events of many traces: the request that sends it is part of none, least of all of the first one's. */
function untraced(reporter: CostReporter): CostReporter {
  const outside = <T>(work: () => T): T => context.with(suppressTracing(ROOT_CONTEXT), work);
  return {
    ...reporter,
    report: (event) => outside(() => reporter.report(event)),
    flush: () => outside(() => reporter.flush()),
    close: (options) => outside(() => reporter.close(options)),
  };
}
