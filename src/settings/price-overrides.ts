import { PLATFORM_SCOPE } from '../core/ids.ts';
import { parseInstant } from '../core/time.ts';
import type { Setting } from './kinds.ts';
import type { Settings } from './settings.ts';

/** The price overrides in force for everybody and for the named workspaces, as the price book takes them. */
export async function listPriceOverrides(
  settings: Pick<Settings, 'list'>,
  workspaceIds: Iterable<string>,
) {
  const scopes = [...new Set([PLATFORM_SCOPE, ...workspaceIds])];
  const lists = await Promise.all(
    scopes.map(async (scope) => {
      const overrides = await settings.list('price-override', scope);
      return overrides.map((setting) => toPriceOverride(scope, setting));
    }),
  );
  return lists.flat();
}

function toPriceOverride(scope: string, { id, version, body }: Setting<'price-override'>) {
  const { provider, model, usdPerMillionTokens } = body;
  const validFrom = parseInstant(body.validFrom);
  if (validFrom === undefined) throw new Error(`Price override ${scope}/${id} has no validFrom`);
  const validTo = body.validTo === undefined ? undefined : parseInstant(body.validTo);
  return {
    id,
    version,
    scope,
    provider,
    model,
    validFrom,
    ...(validTo !== undefined && { validTo }),
    usdPerMillionTokens,
  };
}
