import {
  parseWebAddress,
  type Resolve,
  refuseAddress,
  resolveBySystem,
} from '../cloud/web-address.ts';
import type { FieldError } from '../core/errors.ts';
import type { SettingBody } from '../settings/kinds.ts';

export type ChannelTarget = SettingBody<'channel'>['target'];

const RESOLVE_TIMEOUT_MS = 2_000;

/** RFC 5321's mailbox without quoting, comments or address literals: what people have, and no parser disagrees on. */
const MAIL_ADDRESS =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])$/;
const MAX_LOCAL_PART = 64;

/**
 * What no schema says about where a channel leads: mail addresses without tricks, webhooks that lead out. A name that does
 * not resolve is accepted; where it leads is judged again whenever something is sent. Empty when all is well; never throws.
 */
export async function checkChannel(
  target: ChannelTarget,
  options: { allowLoopback: boolean; resolve?: Resolve },
): Promise<FieldError[]> {
  if (target.kind === 'email') {
    return target.to.flatMap((address, at) => {
      const reason = refuseMailAddress(address);
      return reason === undefined ? [] : [{ field: `target.to.${at}`, reason }];
    });
  }
  if (target.kind === 'slack') return [];
  const reason = await refuseWebhook(target.url, options);
  return reason === undefined ? [] : [{ field: 'target.url', reason }];
}

/** Why this is not an address that mail is sent to, or undefined. */
export function refuseMailAddress(address: string): string | undefined {
  if (/[\p{Cc}\u2028\u2029]/u.test(address))
    return 'must not hold line breaks or control characters';
  const local = address.slice(0, address.lastIndexOf('@'));
  if (!MAIL_ADDRESS.test(address) || local.length > MAX_LOCAL_PART) {
    return 'must be a mail address such as owner@example.com';
  }
  return undefined;
}

async function refuseWebhook(
  text: string,
  { allowLoopback, resolve = resolveBySystem }: { allowLoopback: boolean; resolve?: Resolve },
): Promise<string | undefined> {
  const address = parseWebAddress(text, { allowLoopback });
  if (address.kind === 'refused') return address.reason;
  if (address.literal) return undefined;
  for (const found of await addressesOf(resolve, address.hostname)) {
    const reason = refuseAddress(found, { allowLoopback });
    if (reason !== undefined) return `${address.hostname} leads to an address that ${reason}`;
  }
  return undefined;
}

async function addressesOf(resolve: Resolve, hostname: string): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never[]>((settle) => {
    timer = setTimeout(() => settle([]), RESOLVE_TIMEOUT_MS);
  });
  const found = resolve(hostname).catch(() => []);
  const addresses = await Promise.race([found, late]);
  clearTimeout(timer);
  return addresses.map(({ address }) => address);
}
