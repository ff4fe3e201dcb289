import type { AppError, FieldError } from '../core/errors.ts';
import { invalidInput } from './exit.ts';

const MAX_ERRORS_SHOWN = 20;

/** Says of a file which of its values cannot be used, the first twenty by line and column, and what was not done for it. */
export function refusedValues(
  file: string,
  errors: readonly FieldError[],
  notDone: string,
): AppError {
  const count = errors.length === 1 ? '1 value' : `${errors.length} values`;
  const more = errors.length > MAX_ERRORS_SHOWN ? ` (the first ${MAX_ERRORS_SHOWN} are shown)` : '';
  return invalidInput(
    `${file}: ${count} cannot be used${more}; ${notDone}.`,
    errors.slice(0, MAX_ERRORS_SHOWN),
  );
}
