import { Readable } from 'node:stream';
import { type Method, type Methods, replaceMethod } from './replace-method.ts';

/** Told of what comes out of a stream, in order; after `ended`, `failed` or `left` of nothing more. */
export type StreamWatcher = {
  chunk(value: unknown): void;
  /** It came to its end. */
  ended(): void;
  failed(error: unknown): void;
  /** Its reader stopped before the end. */
  left(): void;
};

const CHUNK_EVENTS = ['streamEvent', 'chunk', 'event'];

/**
 * Watches a stream where it is read, without reading it: the object stays the same one, with all its methods; those that
 * hand out its chunks are replaced on the object itself. Async iterables (OpenAI's and Anthropic's `Stream` with `tee` and
 * `controller`, async generators), web `ReadableStream`s, and the clients' own running streams with events
 * (`messages.stream()`). Returns false, and does nothing, for whatever is no stream. A frozen stream cannot be watched and
 * counts as none.
 */
export function watchStream(value: unknown, watcher: StreamWatcher): boolean {
  if (typeof value !== 'object' || value === null || !Object.isExtensible(value)) return false;
  const stream = value as Methods;
  if (value instanceof ReadableStream) return watchReadable(value, watcher);
  if (isRunning(stream)) return watchRunning(stream, watcher);
  // An iterator hands out its own chunks, whoever asks it for an iterator gets itself.
  if (typeof stream.next === 'function' && typeof stream[Symbol.asyncIterator] === 'function') {
    watchIterator(stream, watcher);
    return true;
  }
  // The clients' streams split themselves (`tee`) by this function, not by their iterator.
  const source = typeof stream.iterator === 'function' ? 'iterator' : Symbol.asyncIterator;
  if (typeof stream[source] !== 'function') return false;
  if (typeof stream[Symbol.asyncIterator] !== 'function') return false;
  const original = stream[source] as Method;
  replaceMethod(stream, source, (...args) =>
    watchIterator(original.apply(stream, args) as Methods, watcher),
  );
  return true;
}

/**
 * Where a stream is in what a client returned: itself, or what holds it (Bedrock's `stream` and `body`, `data` beside the
 * response, the body of a `Response`). Undefined where nothing in it is a stream that is still to be read.
 */
export function streamIn(value: unknown): object | undefined {
  if (isIterable(value) || isEvents(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const { stream, data, body } = value as Methods;
  return [stream, data, body].find((inner) => isIterable(inner) && !isUsed(inner)) as
    | object
    | undefined;
}

function isIterable(value: unknown): value is object {
  return typeof (value as Methods | null | undefined)?.[Symbol.asyncIterator] === 'function';
}

function isEvents(value: unknown): value is object {
  return typeof value === 'object' && value !== null && isRunning(value as Methods);
}

function isUsed(stream: object): boolean {
  return (
    stream instanceof ReadableStream && (stream.locked || Readable.isDisturbed(stream as never))
  );
}

/** In place of the error of a running stream, which is the caller's to see first. */
class StreamFailed extends Error {
  readonly code = 'stream_failed';

  constructor() {
    super('The stream failed');
  }
}

/** Streams that run by themselves and tell what comes by events, `end` last, whatever happened. */
function isRunning(stream: Methods): boolean {
  return typeof stream.on === 'function' && 'ended' in stream && 'aborted' in stream;
}

function watchRunning(stream: Methods, watcher: StreamWatcher): boolean {
  const on = (stream.on as Method).bind(stream);
  for (const event of CHUNK_EVENTS) on(event, watcher.chunk);
  on('end', () => {
    if (stream.aborted === true) watcher.left();
    // Its `error` event is not listened to: that alone would silence an error that nobody handles.
    else if (stream.errored === true) watcher.failed(new StreamFailed());
    else watcher.ended();
  });
  return true;
}

function watchIterator(iterator: Methods, watcher: StreamWatcher): Methods {
  const next = iterator.next as Method;
  replaceMethod(iterator, 'next', (...args) => {
    const step = next.apply(iterator, args) as Promise<IteratorResult<unknown>>;
    Promise.resolve(step).then(
      ({ done, value }) => (done ? watcher.ended() : watcher.chunk(value)),
      (error: unknown) => watcher.failed(error),
    );
    return step;
  });
  for (const name of ['return', 'throw']) {
    const original = iterator[name];
    if (typeof original !== 'function') continue;
    replaceMethod(iterator, name, (...args) => {
      watcher.left();
      return original.apply(iterator, args) as unknown;
    });
  }
  return iterator;
}

function watchReadable(stream: ReadableStream, watcher: StreamWatcher): boolean {
  const methods = stream as unknown as Methods;
  const getReader = stream.getReader.bind(stream) as Method;
  replaceMethod(methods, 'getReader', (...args) =>
    watchReader(getReader(...args) as Methods, watcher),
  );
  for (const name of ['values', Symbol.asyncIterator]) {
    const original = methods[name] as Method;
    replaceMethod(methods, name, (...args) =>
      watchIterator(original.apply(stream, args) as Methods, watcher),
    );
  }
  const cancel = stream.cancel.bind(stream) as Method;
  replaceMethod(methods, 'cancel', (...args) => {
    watcher.left();
    return cancel(...args);
  });
  // These three read inside the runtime: what they read from is a copy that passes by the watcher.
  const pipeThrough = stream.pipeThrough.bind(stream);
  const passing = () => pipeThrough(passBy(watcher));
  replaceMethod(methods, 'tee', () => passing().tee());
  replaceMethod(methods, 'pipeTo', (to, options) =>
    passing().pipeTo(to as never, options as never),
  );
  replaceMethod(methods, 'pipeThrough', (through, options) =>
    passing().pipeThrough(through as never, options as never),
  );
  return true;
}

function watchReader(reader: Methods, watcher: StreamWatcher): Methods {
  const read = (reader.read as Method).bind(reader);
  replaceMethod(reader, 'read', (...args) => {
    const step = read(...args) as Promise<ReadableStreamReadResult<unknown>>;
    Promise.resolve(step).then(
      ({ done, value }) => (done ? watcher.ended() : watcher.chunk(value)),
      (error: unknown) => watcher.failed(error),
    );
    return step;
  });
  const cancel = (reader.cancel as Method).bind(reader);
  replaceMethod(reader, 'cancel', (...args) => {
    watcher.left();
    return cancel(...args);
  });
  return reader;
}

function passBy(watcher: StreamWatcher): TransformStream {
  return new TransformStream({
    transform(chunk, controller) {
      watcher.chunk(chunk);
      controller.enqueue(chunk);
    },
    flush: () => watcher.ended(),
    cancel: () => watcher.left(),
  } as Transformer);
}
