import { bookProviderOf } from '../costs/pricing/providers.ts';

/** The provider of a call that names none. No price list knows it, so the call is counted as unpriced. */
export const UNKNOWN_PROVIDER = 'unknown';

/**
 * A provider as the price book names it. Libraries append the API they speak (`openai.chat`, `google.vertex.chat`), which
 * is taken off until a known name is left; a name that stays unknown is kept as it was written. Pure.
 */
export function normaliseProvider(written: string | undefined): string {
  const name = written?.trim() ?? '';
  if (name === '') return UNKNOWN_PROVIDER;
  for (let rest = name; rest !== ''; rest = rest.slice(0, Math.max(0, rest.lastIndexOf('.')))) {
    const known = bookProviderOf(rest);
    if (known !== undefined) return known;
  }
  return name.slice(0, 256).toWellFormed();
}
