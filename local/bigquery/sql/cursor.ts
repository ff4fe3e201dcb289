import type { BigQueryError } from '../errors.ts';
import { syntaxError, type Token, tokenize } from './lexer.ts';

// https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords
const RESERVED = new Set(
  `ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS CUBE CURRENT
  DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FOLLOWING FOR FROM FULL
  GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP
  MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER OVER PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE
  RESPECT RIGHT ROLLUP ROWS SELECT SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST USING WHEN
  WHERE WINDOW WITH WITHIN`.split(/\s+/),
);

/** A place in a tokenized statement: looks ahead, takes tokens, and words syntax errors. */
export class Cursor {
  readonly sql: string;
  readonly #tokens: Token[];
  #index = 0;
  #positionalParams = 0;

  constructor(sql: string) {
    this.sql = sql;
    this.#tokens = tokenize(sql);
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    if (this.#index < this.#tokens.length - 1) this.#index += 1;
    return token;
  }

  get at(): number {
    return this.peek().start;
  }

  /** Position of the next `?`, counted from 0; each call is one more parameter. */
  takePositional(): number {
    this.#positionalParams += 1;
    return this.#positionalParams - 1;
  }

  /** Whether the coming tokens are these words (keywords are matched in any case). */
  isWord(...words: string[]): boolean {
    return words.every((word, i) => {
      const token = this.peek(i);
      return token.kind === 'name' && token.text.toUpperCase() === word;
    });
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'symbol' && token.text === symbol;
  }

  takeWord(...words: string[]): boolean {
    if (!this.isWord(...words)) return false;
    this.#index += words.length;
    return true;
  }

  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.#index += 1;
    return true;
  }

  expectWord(...words: string[]): void {
    if (!this.takeWord(...words)) throw this.unexpected(`keyword ${words.join(' ')}`);
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.unexpected(`"${symbol}"`);
  }

  /** Whether the next token can be an identifier: quoted, or a word that is not reserved. */
  isIdentifier(ahead = 0): boolean {
    const token = this.peek(ahead);
    return (
      token.kind === 'quoted' || (token.kind === 'name' && !RESERVED.has(token.text.toUpperCase()))
    );
  }

  /** An identifier; after a dot reserved words are allowed too. */
  identifier(afterDot = false): string {
    if (this.isIdentifier() || (afterDot && this.peek().kind === 'name')) return this.next().text;
    throw this.unexpected('identifier');
  }

  /** `[AS] alias`, if there is one. */
  alias(): string | undefined {
    if (this.takeWord('AS')) return this.identifier();
    return this.isIdentifier() ? this.next().text : undefined;
  }

  commaList<T>(item: () => T): T[] {
    const items = [item()];
    while (this.takeSymbol(',')) items.push(item());
    return items;
  }

  unexpected(expected?: string): BigQueryError {
    const token = this.peek();
    const found = {
      end: 'end of script',
      name: RESERVED.has(token.text.toUpperCase())
        ? `keyword ${token.text.toUpperCase()}`
        : `identifier "${token.text}"`,
      quoted: `identifier \`${token.text}\``,
      string: 'string literal',
      bytes: 'bytes literal',
      int: `integer literal "${token.text}"`,
      float: `floating point literal "${token.text}"`,
      param: `"@${token.text}"`,
      symbol: `"${token.text}"`,
    }[token.kind];
    const what =
      expected === undefined ? `Unexpected ${found}` : `Expected ${expected} but got ${found}`;
    return syntaxError(this.sql, token.start, what);
  }
}
