import { AppError, type FieldError } from './errors.ts';

/** Environment variables by name, as `process.env` has them. */
export type Environment = Record<string, string | undefined>;

export type EnvironmentReader = ReturnType<typeof createEnvironmentReader>;

/**
 * Reads variables and collects what is wrong with them, so that `check` can report everything at once. Values are
 * trimmed; an empty one counts as absent.
 */
export function createEnvironmentReader(env: Environment) {
  const faults: FieldError[] = [];
  /** Names of all variables that were asked for. */
  const asked = new Set<string>();

  const refuse = (field: string, reason: string): void => void faults.push({ field, reason });
  const text = (name: string): string | undefined => {
    asked.add(name);
    return env[name]?.trim() || undefined;
  };

  return {
    asked: asked as ReadonlySet<string>,
    refuse,
    text,

    required(name: string): string {
      const value = text(name);
      if (value === undefined) refuse(name, 'is required');
      return value ?? '';
    },

    positive(name: string, fallback: number): number {
      const value = text(name);
      if (value === undefined) return fallback;
      if (!/^\d{1,12}$/.test(value) || Number(value) === 0) {
        refuse(name, 'must be a positive whole number');
      }
      return Number(value);
    },

    url(name: string, protocols: readonly string[]): string | undefined {
      const value = text(name);
      if (value !== undefined && !protocols.includes(URL.parse(value)?.protocol ?? '')) {
        refuse(name, `must be a URL starting with ${protocols.join(' or ')}`);
      }
      return value;
    },

    /** The first of `values` is the default. */
    oneOf<T extends string>(name: string, values: readonly T[]): T {
      const value = text(name) ?? values[0]!;
      if (!(values as readonly string[]).includes(value)) {
        refuse(name, `must be ${values.join(' or ')}`);
      }
      return value as T;
    },

    /** Throws `invalid_configuration` with every fault found so far. */
    check(): void {
      if (faults.length === 0) return;
      const list = faults.map(({ field, reason }) => `${field} ${reason}`).join('; ');
      throw new AppError({
        code: 'invalid_configuration',
        message: `Configuration: ${list}`,
        details: faults,
      });
    },
  };
}
