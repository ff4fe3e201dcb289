const ENTRIES_FIELD = 4;

/**
 * Bytes of each entry in an encoded WriteLogEntriesRequest, which only the bytes tell: decoding loses them and encoding
 * again costs as much as all the rest.
 */
export function entrySizes(request: Uint8Array): number[] {
  const sizes: number[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = request[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  };
  while (at < request.length) {
    const tag = varint();
    switch (tag & 7) {
      case 0:
        varint();
        break;
      case 1:
        at += 8;
        break;
      case 5:
        at += 4;
        break;
      default: {
        const length = varint();
        if (tag >>> 3 === ENTRIES_FIELD) sizes.push(length);
        at += length;
      }
    }
  }
  return sizes;
}
