import { join } from 'node:path';
import type { ChildSpec } from './supervisor/child.ts';

export type NodeProcess = Pick<ChildSpec, 'env' | 'isReady' | 'drainMs' | 'failsOnPurpose'> & {
  args?: (string | number)[];
};
/** Describes a process that runs a script of this repository with the Node we run in. */
export type DescribeNode = (name: string, script: string, process: NodeProcess) => ChildSpec;

/** `root` is the folder the scripts' paths begin in. */
export function describeNodeIn(root: string): DescribeNode {
  return (name, script, { args = [], ...rest }) => ({
    name,
    command: process.execPath,
    args: ['--no-warnings', join(root, script), ...args.map(String)],
    ...rest,
  });
}
