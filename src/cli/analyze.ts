import type { Command } from 'commander';
import { addAnalyzeAnomalies } from './analyze-anomalies.ts';
import { addAnalyzeForecast } from './analyze-forecast.ts';
import { addAnalyzeLogPatterns } from './analyze-log-patterns.ts';
import type { Io } from './io.ts';

/** `ax analyze`: the platform's own analysis on any file, offline, to be tried before it is trusted. */
export function addAnalyzeCommand(program: Command, io: Io): void {
  const group = program
    .command('analyze')
    .description('try the analysis on a file, offline: no API, no credentials');
  addAnalyzeAnomalies(group, io);
  addAnalyzeForecast(group, io);
  addAnalyzeLogPatterns(group, io);
}
