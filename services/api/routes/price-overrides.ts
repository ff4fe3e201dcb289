import type { FieldError } from '../../../src/core/errors.ts';
import { parseInstant } from '../../../src/core/time.ts';
import { PriceOverrideSchema } from '../../../src/settings/kinds.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import type { ApiApp } from '../app.ts';
import { registerSettingRoutes } from './settings-routes.ts';

/** Prices that hold instead of the list's: of a workspace, and of the platform for all that have no own. */
export function registerPriceOverrideRoutes(
  app: ApiApp,
  { settings }: { settings: Settings },
): void {
  registerSettingRoutes(app, settings, {
    kind: 'price-override',
    path: 'price-overrides',
    listName: 'overrides',
    noun: 'price override',
    tag: 'prices',
    places: ['workspace', 'platform'],
    input: PriceOverrideSchema,
    shown: PriceOverrideSchema.properties,
    complete: (override) => override,
    check: (_scope, override) => checkPeriod(override),
  });
}

function checkPeriod(period: { validFrom: string; validTo?: string }): FieldError[] {
  const from = parseInstant(period.validFrom);
  const to = period.validTo === undefined ? Number.POSITIVE_INFINITY : parseInstant(period.validTo);
  const details: FieldError[] = [];
  const reason = 'must be an RFC 3339 instant with a zone';
  if (from === undefined) details.push({ field: 'validFrom', reason });
  if (to === undefined) details.push({ field: 'validTo', reason });
  if (from !== undefined && to !== undefined && to <= from) {
    details.push({ field: 'validTo', reason: 'must lie after validFrom' });
  }
  return details;
}
