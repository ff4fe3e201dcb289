/** First in, first out, both ends in constant time (an array's own `shift` moves every element). */
export type Queue<T> = {
  push(item: T): void;
  peek(): T | undefined;
  shift(): T | undefined;
  readonly length: number;
};

/** An empty {@link Queue}. */
export function createQueue<T>(): Queue<T> {
  let items: T[] = [];
  let head = 0;
  return {
    push(item) {
      items.push(item);
    },
    peek: () => items[head],
    shift() {
      if (head === items.length) return undefined;
      const item = items[head]!;
      // Let go of the taken item now; the array itself is trimmed only now and then.
      items[head++] = undefined as T;
      if (head > 1_024 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
    get length() {
      return items.length - head;
    },
  };
}
