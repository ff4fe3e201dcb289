/** Characters whose upper case is more than one character, e.g. ß. */
const ONE_TO_MANY_UPPER = Array.from({ length: 0xffff }, (_, code) => String.fromCharCode(code))
  .filter((char) => char.toUpperCase().length > 1)
  .join('');

/**
 * DuckDB macros that compute what DuckDB has no exact function for; created once per database. The analyser knows all
 * types, so each takes exactly one. Names start with `bq_`, which no GoogleSQL name can reach.
 */
export const MACROS: readonly string[] = [
  `bq_numeric_text(x) AS CASE WHEN x = trunc(x) THEN CAST(CAST(x AS DECIMAL(38,0)) AS VARCHAR) ELSE rtrim(CAST(x AS VARCHAR), '0') END`,
  // Shortest of 15 or 17 digits that reads back as the same value.
  `bq_double_text(x) AS CASE WHEN CAST(format('{:.15g}', x) AS DOUBLE) = x THEN format('{:.15g}', x) ELSE format('{:.17g}', x) END`,
  // NUMERIC as a count of 1e-9 units: 38 digits fit a HUGEINT.
  `bq_units(x) AS CAST(trunc(x) AS HUGEINT) * 1000000000 + CAST((x - trunc(x)) * 1000000000 AS HUGEINT)`,
  `bq_from_units(u) AS CAST(u // 1000000000 AS DECIMAL(38,9)) + CAST(CAST(u % 1000000000 AS DECIMAL(10,0)) * CAST(0.000000001 AS DECIMAL(9,9)) AS DECIMAL(38,9))`,
  // Quotient of two unit counts in units, rounded half away from zero: whole part by integer division, then the
  // remainder's nine decimals. Beyond HUGEINT's range the multiplication raises an error.
  `bq_ratio(a, b) AS (a // b) * 1000000000 + (((a % b) * 1000000000) // b) + CASE WHEN 2 * abs(((a % b) * 1000000000) % b) >= abs(b) THEN sign(a) * sign(b) ELSE 0 END`,
  `bq_numeric_div(a, b) AS CASE WHEN b = 0 THEN error('division by zero: ' || bq_numeric_text(a) || ' / ' || bq_numeric_text(b)) ELSE bq_from_units(CAST(bq_ratio(bq_units(a), bq_units(b)) AS HUGEINT)) END`,
  `bq_numeric_avg(total, n) AS CASE WHEN n = 0 THEN NULL ELSE bq_from_units(CAST(bq_ratio(bq_units(total), CAST(n AS HUGEINT) * 1000000000) AS HUGEINT)) END`,
  `bq_numeric_mul(a, b) AS CAST(a * b AS DECIMAL(38,9))`,
  `bq_double_div(a, b) AS CASE WHEN b = 0 THEN error('division by zero: ' || bq_double_text(a) || ' / ' || bq_double_text(b)) ELSE a / b END`,
  `bq_int_div(a, b) AS CASE WHEN b = 0 THEN error('division by zero: ' || a || ' / ' || b) ELSE a // b END`,
  `bq_int_mod(a, b) AS CASE WHEN b = 0 THEN error('division by zero: MOD(' || a || ', ' || b || ')') ELSE a % b END`,
  // Fractions are printed with three or six digits, never with zeros only.
  `bq_timestamp_text(t) AS strftime(t, CASE WHEN epoch_us(t) % 1000000 = 0 THEN '%Y-%m-%d %H:%M:%S+00' WHEN epoch_us(t) % 1000 = 0 THEN '%Y-%m-%d %H:%M:%S.%g+00' ELSE '%Y-%m-%d %H:%M:%S.%f+00' END)`,
  // DuckDB would ignore the offset of such a text; it is subtracted here. The shape was checked before.
  `bq_zone_minutes(s) AS CASE WHEN regexp_matches(s, ':\\d+.*[+-]\\d{1,2}:?\\d{0,2}$') THEN (CASE WHEN regexp_extract(s, '([+-])\\d{1,2}:?\\d{0,2}$', 1) = '-' THEN -1 ELSE 1 END) * (CAST(regexp_extract(s, '[+-](\\d{1,2}):?\\d{0,2}$', 1) AS BIGINT) * 60 + coalesce(try_cast(regexp_extract(s, '[+-]\\d{1,2}:?(\\d{2})$', 1) AS BIGINT), 0)) ELSE 0 END`,
  `bq_parse_timestamp(s) AS CAST(regexp_replace(s, '(:\\d+(\\.\\d+)?) ?(Z|z|UTC|[+-]\\d{1,2}(:?\\d{2})?)$', '\\1') AS TIMESTAMP) - to_minutes(bq_zone_minutes(s))`,
  // Position 0 counts as 1; a start before the text is its start; lengths count from the (clamped) start.
  `bq_substr(s, p) AS CASE WHEN p > 0 THEN substring(s, p) WHEN p = 0 OR -p >= length(s) THEN s ELSE right(s, -p) END`,
  `bq_substr_n(s, p, n) AS CASE WHEN n < 0 THEN error('Third argument in SUBSTR() cannot be negative') ELSE left(bq_substr(s, p), n) END`,
  `bq_sunday_week(t) AS date_trunc('week', t + INTERVAL 1 DAY) - INTERVAL 1 DAY`,
  // White space as Unicode defines it; DuckDB's own trim knows the space only.
  `bq_ltrim(s) AS regexp_replace(s, '^[\\s\\v\\x{85}\\p{Z}]+', '')`,
  `bq_rtrim(s) AS regexp_replace(s, '[\\s\\v\\x{85}\\p{Z}]+$', '')`,
  `bq_trim(s) AS bq_ltrim(bq_rtrim(s))`,
  // DuckDB maps one character to one; these need more, or depend on their neighbours.
  `bq_upper(s) AS CASE WHEN regexp_matches(s, '[${ONE_TO_MANY_UPPER}]') THEN error('UPPER of ' || s || ' is not supported by the local BigQuery endpoint') ELSE upper(s) END`,
  `bq_lower(s) AS CASE WHEN regexp_matches(s, '[\u0130\u03a3]') THEN error('LOWER of ' || s || ' is not supported by the local BigQuery endpoint') ELSE lower(s) END`,
  // Only scalars have a JSON_VALUE. Of a JSON value numbers are written as JSON documents write doubles …
  `bq_json_double(x) AS CASE WHEN regexp_matches(bq_double_text(x), '[.e]') THEN bq_double_text(x) ELSE bq_double_text(x) || '.0' END`,
  `bq_json_value(j, p) AS CASE WHEN json_type(j, p) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL WHEN json_type(j, p) = 'DOUBLE' THEN bq_json_double(CAST(json_extract(j, p) AS DOUBLE)) ELSE json_extract_string(j, p) END`,
  // A pointer, since no path can quote every name.
  `bq_json_field(j, k) AS CASE WHEN json_type(j) = 'OBJECT' THEN json_extract(j, '/' || replace(replace(k, '~', '~0'), '/', '~1')) END`,
  // … and of a STRING as they stand in it, which DuckDB does not keep: other spellings are refused. Text that is no
  // JSON has no values.
  `bq_as_written(found, j) AS CASE WHEN contains(regexp_replace(j, '\\s', '', 'g'), regexp_replace(found, '\\s', '', 'g')) THEN found ELSE error('A JSON number written as in ' || j || ' is not supported by the local BigQuery endpoint') END`,
  `bq_number_as_written(found, j) AS CASE WHEN regexp_matches(j, '(^|[^0-9.eE+-])' || regexp_escape(found) || '($|[^0-9.eE+-])') THEN found ELSE error('A JSON number written as in ' || j || ' is not supported by the local BigQuery endpoint') END`,
  `bq_valid_json(j) AS CASE WHEN json_valid(j) THEN j END`,
  `bq_json_text_value(j, p) AS CASE WHEN json_type(bq_valid_json(j), p) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL WHEN json_type(bq_valid_json(j), p) = 'DOUBLE' THEN bq_number_as_written(json_extract_string(bq_valid_json(j), p), j) ELSE json_extract_string(bq_valid_json(j), p) END`,
  `bq_json_text_query(j, p) AS CASE WHEN json_type(bq_valid_json(j), p) = 'NULL' THEN NULL WHEN regexp_matches(CAST(json_extract(bq_valid_json(j), p) AS VARCHAR), '\\d[.eE]') THEN bq_as_written(CAST(json_extract(bq_valid_json(j), p) AS VARCHAR), j) ELSE CAST(json_extract(bq_valid_json(j), p) AS VARCHAR) END`,
  `bq_json_string(s) AS replace(replace(CAST(to_json(s) AS VARCHAR), chr(8232), '\\u2028'), chr(8233), '\\u2029')`,
  // JavaScript would lose digits of larger integers, so they are written as strings.
  `bq_json_int(n) AS CASE WHEN n BETWEEN -9007199254740992 AND 9007199254740992 THEN CAST(n AS VARCHAR) ELSE '"' || n || '"' END`,
];
