import { lookup as dnsLookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';

/** All addresses of a name; rejects when it has none. */
export type Resolve = (hostname: string) => Promise<{ address: string; family: number }[]>;

/** Asks the system, as a connection would. */
export const resolveBySystem: Resolve = (hostname) => dnsLookup(hostname, { all: true });

const GLOBAL_UNICAST_V6 = ipaddr.parseCIDR('2000::/3');

/**
 * Why nothing may be sent to this IP address, or undefined when it is a public one. IPv4 inside IPv6, and everything that
 * tunnels to IPv4, is refused by what it leads to or altogether. `allowLoopback` lets this machine itself pass.
 */
export function refuseAddress(
  address: string,
  { allowLoopback }: { allowLoopback: boolean },
): string | undefined {
  if (!ipaddr.isValid(address)) return 'is not an IP address';
  const parsed = ipaddr.process(address);
  // ::ffff:127.0.0.1 and its like: nobody writes loopback so who means well.
  const isDisguised = parsed.kind() === 'ipv4' && address.includes(':');
  const range = parsed.range();
  if (range === 'loopback') {
    return allowLoopback && !isDisguised ? undefined : 'is this machine itself (loopback)';
  }
  if (range !== 'unicast') return `is not a public address (${range})`;
  if (parsed.kind() === 'ipv6' && !parsed.match(GLOBAL_UNICAST_V6))
    return 'is not a public address';
  return undefined;
}

/** What a URL is about, once it may be used. `loopback`: its host names this machine itself. */
export type WebAddress =
  | { kind: 'ok'; url: URL; hostname: string; literal: boolean }
  | { kind: 'refused'; reason: string };

/**
 * Reads the URL of a webhook and judges it by itself, without asking DNS: https only (http to loopback, where that is
 * allowed), no credentials, no private or metadata address in any spelling, no name that means this machine or the
 * cloud's own services. A name must still be judged by the addresses it has when one connects (`refuseAddress`).
 */
export function parseWebAddress(
  text: string,
  { allowLoopback }: { allowLoopback: boolean },
): WebAddress {
  const refused = (reason: string): WebAddress => ({ kind: 'refused', reason });
  // The parser of URLs drops these silently.
  if (/[\s\p{Cc}]/u.test(text)) return refused('must not hold blanks or control characters');
  const url = URL.parse(text);
  if (url === null) return refused('must be a URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refused('must be an https URL');
  if (url.username !== '' || url.password !== '') return refused('must not hold credentials');
  // The parser has turned 2130706433, 0x7f.1 and 0177.0.0.1 into 127.0.0.1.
  const hostname = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const literal = ipaddr.isValid(hostname);
  const names = /^(.*\.)?localhost$/.test(hostname);
  const loopback = literal ? ipaddr.process(hostname).range() === 'loopback' : names;
  if (literal) {
    const reason = refuseAddress(hostname, { allowLoopback });
    if (reason !== undefined) return refused(`${hostname} ${reason}`);
  } else if (names && !allowLoopback) {
    return refused(`${hostname} is this machine itself`);
  } else if (/^(metadata|.*\.internal)$/.test(hostname)) {
    return refused(`${hostname} is a name inside the cloud`);
  }
  if (url.protocol !== 'https:' && !(loopback && allowLoopback)) {
    return refused('must be an https URL');
  }
  return { kind: 'ok', url, hostname, literal };
}
