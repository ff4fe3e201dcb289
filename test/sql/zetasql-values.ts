import { formatDecimal, parseDecimal } from '../../src/core/money.ts';
import { formatInstant, parseInstant } from '../../src/core/time.ts';

/** ZetaSQL's TypeProto, as far as BigQuery's types need it. */
export type ZetaType = {
  type_kind: string;
  array_type?: { element_type: ZetaType };
  struct_type?: { field: { field_name: string; field_type: ZetaType }[] };
};

/** ZetaSQL's ValueProto: one field, named after the type; none for NULL. */
export type ZetaValue = Record<string, unknown>;

const KINDS: Record<string, string> = {
  STRING: 'TYPE_STRING',
  INT64: 'TYPE_INT64',
  FLOAT64: 'TYPE_DOUBLE',
  BOOL: 'TYPE_BOOL',
  NUMERIC: 'TYPE_NUMERIC',
  TIMESTAMP: 'TYPE_TIMESTAMP',
  DATE: 'TYPE_DATE',
  JSON: 'TYPE_JSON',
};
const NUMERIC_SCALE = 9;
const DAY_MS = 86_400_000;

/**
 * The type that a GoogleSQL type name stands for, e.g. `ARRAY<STRING>` or `STRUCT<line INT64>`. Throws on types no test
 * needs yet.
 */
export function typeOf(name: string): ZetaType {
  const element = /^ARRAY<(.*)>$/.exec(name)?.[1];
  if (element !== undefined) {
    return { type_kind: 'TYPE_ARRAY', array_type: { element_type: typeOf(element) } };
  }
  const members = /^STRUCT<(.*)>$/.exec(name)?.[1];
  if (members !== undefined) {
    const field = splitMembers(members).map((member) => {
      const [, field_name = '', type = ''] = /^(\w+) (.*)$/.exec(member) ?? [];
      return { field_name, field_type: typeOf(type) };
    });
    return { type_kind: 'TYPE_STRUCT', struct_type: { field } };
  }
  const kind = KINDS[name];
  if (kind === undefined) throw new Error(`No ZetaSQL type for ${name}`);
  return { type_kind: kind };
}

/** What stands between commas, other than those within angle brackets. */
function splitMembers(text: string): string[] {
  const members: string[] = [];
  let depth = 0;
  for (const part of text.split(', ')) {
    if (depth === 0) members.push(part);
    else members[members.length - 1] += `, ${part}`;
    depth += part.split('<').length - part.split('>').length;
  }
  return members;
}

/** A plain value (decimals, instants, dates and JSON as text) as ZetaSQL's. NULL for null and undefined. */
export function encodeValue(value: unknown, type: ZetaType): ZetaValue {
  if (value === null || value === undefined) return {};
  switch (type.type_kind) {
    case 'TYPE_STRING':
      return { string_value: value };
    case 'TYPE_INT64':
      return { int64_value: value };
    case 'TYPE_DOUBLE':
      return { double_value: Number(value) };
    case 'TYPE_BOOL':
      return { bool_value: value };
    case 'TYPE_NUMERIC':
      return { numeric_value: encodeNumeric(parseDecimal(value as string, NUMERIC_SCALE)) };
    case 'TYPE_TIMESTAMP':
      return { timestamp_value: encodeTimestamp(value as string) };
    case 'TYPE_DATE':
      return { date_value: instant(`${value as string}T00:00:00Z`) / DAY_MS };
    case 'TYPE_JSON':
      return { json_value: typeof value === 'string' ? value : JSON.stringify(value) };
    case 'TYPE_STRUCT': {
      const given = value as Record<string, unknown>;
      const field = type.struct_type!.field.map(({ field_name, field_type }) =>
        encodeValue(given[field_name], field_type),
      );
      return { struct_value: { field } };
    }
    case 'TYPE_ARRAY': {
      const element = type.array_type!.element_type;
      const items = (value as unknown[]).map((item) => encodeValue(item, element));
      return { array_value: { element: items } };
    }
    default:
      throw new Error(`Cannot encode ${type.type_kind}`);
  }
}

/** ZetaSQL's value as the warehouse's client gives it: decimals, instants, dates and JSON as text. */
export function decodeValue(value: ZetaValue, type: ZetaType): unknown {
  const [content] = Object.values(value);
  if (content === undefined) return null;
  switch (type.type_kind) {
    case 'TYPE_INT64':
      return Number(content);
    case 'TYPE_NUMERIC':
      return formatDecimal(decodeNumeric(content as Buffer), NUMERIC_SCALE);
    case 'TYPE_TIMESTAMP':
      return decodeTimestamp(content as { seconds?: string; nanos?: number });
    case 'TYPE_DATE':
      return formatInstant(Number(content) * DAY_MS).slice(0, 10);
    case 'TYPE_ARRAY': {
      const { element = [] } = content as { element?: ZetaValue[] };
      return element.map((item) => decodeValue(item, type.array_type!.element_type));
    }
    case 'TYPE_STRUCT': {
      const { field: values } = content as { field: ZetaValue[] };
      const fields = type.struct_type!.field.map(({ field_name, field_type }, index) => [
        field_name,
        decodeValue(values[index]!, field_type),
      ]);
      return Object.fromEntries(fields);
    }
    case 'TYPE_STRING':
    case 'TYPE_DOUBLE':
    case 'TYPE_BOOL':
    case 'TYPE_JSON':
      return content;
    default:
      throw new Error(`Cannot decode ${type.type_kind}`);
  }
}

/** Little-endian two's complement in as few bytes as hold the sign. */
function encodeNumeric(units: bigint): Buffer {
  const bytes: number[] = [];
  let rest = units;
  do {
    bytes.push(Number(rest & 0xffn));
    rest >>= 8n;
  } while (rest !== (bytes.at(-1)! < 0x80 ? 0n : -1n));
  return Buffer.from(bytes);
}

function decodeNumeric(bytes: Buffer): bigint {
  let units = 0n;
  for (const byte of [...bytes].reverse()) units = (units << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, units);
}

function encodeTimestamp(text: string): { seconds: string; nanos: number } {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return {
    seconds: String(Math.floor(instant(text) / 1000)),
    nanos: Number(fraction.padEnd(9, '0')),
  };
}

function decodeTimestamp({ seconds = '0', nanos = 0 }: { seconds?: string; nanos?: number }) {
  const whole = formatInstant(Number(seconds) * 1000).slice(0, 19);
  const fraction = String(nanos).padStart(9, '0').replace(/0+$/, '');
  return `${whole}${fraction === '' ? '' : `.${fraction}`}Z`;
}

function instant(text: string): number {
  const ms = parseInstant(text);
  if (ms === undefined) throw new Error(`Not an instant: ${text}`);
  return ms;
}
