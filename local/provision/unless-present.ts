const ALREADY_EXISTS_GRPC = 6;
const ALREADY_EXISTS_HTTP = 409;

/** Makes `what`; false when it was there before. Throws with the name of what could not be made. */
export async function unlessPresent(what: string, make: () => Promise<unknown>): Promise<boolean> {
  try {
    await make();
    return true;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === ALREADY_EXISTS_GRPC || code === ALREADY_EXISTS_HTTP) return false;
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}
