const HOLE = '<*>';

/**
 * Whether a template is `wider` than another or the same: whether putting something into its holes gives the other. What
 * varies is told by the messages at hand, so that an error which came once may get a wider template when it comes often. Pure.
 */
export function covers(wider: string, narrower: string): boolean {
  if (wider === narrower) return true;
  const [first = '', ...parts] = wider.split(HOLE);
  const last = parts.pop();
  // Without a hole it covers itself only.
  if (last === undefined || !narrower.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = narrower.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return narrower.length - last.length >= at && narrower.endsWith(last);
}
