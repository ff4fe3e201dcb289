import { afterEach, beforeEach } from '@jest/globals';
import { type FakeApi, startFakeApi } from './fake-api.ts';
import { ax, type Run, scratchFolder } from './run.ts';

/** An `ax` whose API gives one answer to whatever it is asked, anew for each test of the file. */
export function axAnsweredBy<Body extends object>(answer: Body) {
  let folder: { path: string; remove(): Promise<void> };
  let api: FakeApi;
  let body = answer;
  beforeEach(async () => {
    body = answer;
    folder = await scratchFolder();
    api = await startFakeApi({ override: () => ({ status: 200, body }) });
  });
  afterEach(async () => {
    await api.close();
    await folder.remove();
  });

  return {
    /** What it was asked in this test. */
    get requests(): FakeApi['requests'] {
      return api.requests;
    },
    /** Another answer for the rest of this test. */
    answer(other: Body): void {
      body = other;
    },
    /** Runs a command line, as of a terminal of this width. */
    run: (line: string, columns?: number): Promise<Run> =>
      ax(line.split(' '), {
        folder: folder.path,
        env: { AX_API_URL: api.url, AX_API_KEY: 'axk_1' },
        columns,
      }),
  };
}
