import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorMessage } from '../../core/errors.ts';
import { invalidInput } from '../exit.ts';

/**
 * A file's content as a stream, unzipped when it begins with gzip's magic bytes, whatever it is called.
 * Throws `invalid_input` when the file cannot be opened.
 */
export async function openContent(file: string): Promise<Readable> {
  const zipped = await isGzip(file);
  const raw = createReadStream(file);
  if (!zipped) return raw;
  const content = createGunzip();
  // An error on either side destroys the other; whoever reads `content` sees it.
  pipeline(raw, content, () => {});
  return content;
}

/** What reading a file threw, in words: which file, and what is wrong with it. */
export function unreadable(file: string, error: unknown) {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOENT') return invalidInput(`There is no file ${file}.`);
  if (code === 'EISDIR') return invalidInput(`${file} is a folder, not a file.`);
  if (code.startsWith('Z_')) {
    return invalidInput(`${file} is not a whole gzip file (${errorMessage(error)}).`);
  }
  return invalidInput(`Cannot read ${file}: ${errorMessage(error)}`);
}

async function isGzip(file: string): Promise<boolean> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}
