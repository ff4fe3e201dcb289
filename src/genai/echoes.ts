const SHORTEST_REPEATED = 16;
const SHORTEST = 4;
const MAX_CHARACTERS = 8_192;
const MAX_TEXTS = 16;

/** Texts that must not be told, remembered to know them again. */
export type Echoes = {
  /** Remembers a text, its first 8,192 characters; of several the last 16. */
  hear(text: string): void;
  /**
   * Whether a text repeats 16 letters or digits in a row of any of them, or all of one that is shorter, however it is quoted,
   * escaped, spaced or cut.
   */
  areIn(text: string): boolean;
};

/** An empty memory of texts; see `Echoes`. */
export function createEchoes(): Echoes {
  const heard = new Set<string>();
  return {
    hear(text) {
      const letters = lettersOf(text);
      if (letters.length < SHORTEST) return;
      heard.delete(letters);
      heard.add(letters);
      const [oldest] = heard;
      if (heard.size > MAX_TEXTS) heard.delete(oldest!);
    },
    areIn(text) {
      if (heard.size === 0) return false;
      const letters = lettersOf(text);
      const pieces = new Set<string>();
      for (let i = 0; i + SHORTEST_REPEATED <= letters.length; i++) {
        pieces.add(letters.slice(i, i + SHORTEST_REPEATED));
      }
      return [...heard].some((one) => {
        if (one.length < SHORTEST_REPEATED) return letters.includes(one);
        for (let i = 0; i + SHORTEST_REPEATED <= one.length; i++) {
          if (pieces.has(one.slice(i, i + SHORTEST_REPEATED))) return true;
        }
        return false;
      });
    },
  };
}

/** What is left of a text whether it was written into JSON or not. */
function lettersOf(text: string): string {
  return text
    .slice(0, MAX_CHARACTERS)
    .replaceAll(/\\(?:u[\da-f]{4}|.)/gi, '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, '')
    .toLowerCase();
}
