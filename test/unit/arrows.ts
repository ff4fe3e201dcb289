/** One import or re-export of a module, as written. */
export type Import = { specifier: string; typeOnly: boolean; reExport: boolean };

/** A rule of the house that a file breaks, in words. */
export type Violation = { file: string; rule: string };

/**
 * Which other rooms of src/ each room may import. A room that is not listed here does not belong to the house
 * yet: give it its arrows first.
 */
const ROOMS: Record<string, readonly string[]> = {
  core: [],
  cloud: ['core'],
  costs: ['core', 'cloud'],
  settings: ['core', 'cloud'],
  access: ['core', 'cloud', 'settings'],
  telemetry: ['core', 'cloud'],
  genai: ['core', 'cloud', 'costs', 'telemetry'],
  otlp: ['core', 'cloud', 'costs', 'genai'],
  sdk: ['core', 'cloud', 'costs', 'telemetry', 'genai'],
  alerts: ['core', 'cloud', 'settings'],
  budgets: ['core', 'cloud', 'costs', 'alerts', 'settings'],
  analysis: ['core', 'cloud', 'costs', 'alerts', 'settings'],
  // Reaches everything else over HTTP; may know the shapes of what it gets. The detectors of analysis are pure or ask a
  // warehouse they are handed, so `ax analyze` runs them offline, as the functions do.
  cli: ['core', 'analysis'],
};

/** What an event is and how large: the one thing the CLI shares with those it talks to. */
const EVENT_CONTRACT = 'src/costs/event.ts';

/** Forecasts are pure statistics of any series: `ax analyze forecast` runs offline what the API runs on costs. */
const FORECASTS = 'src/costs/forecast/';

/** Clients of the outside world: one room only knows how to create, encode, retry and close. */
const CLIENT_PACKAGES =
  /^(@google-cloud\/(?!functions-framework)|google-auth-library|google-gax|ioredis|nodemailer|@slack\/)/;

const READS_ENVIRONMENT = /\bprocess\s*\.\s*env\b|\bprocess\s*\[\s*['"]env['"]\s*\]/;

/** Every rule about imports that the file breaks. `file` is its path from the root, with `/`. */
export function violationsOf(file: string, source: string): Violation[] {
  const code = withoutComments(source);
  const found: Violation[] = [];
  const breaks = (rule: string) => found.push({ file, rule });
  const from = placeOf(file);

  if (from.top === 'src' && from.room !== undefined && !(from.room in ROOMS)) {
    breaks(`src/${from.room} has no arrows yet`);
  }
  for (const imported of importsOf(code)) {
    const to = resolve(file, imported.specifier);
    const reason = to === undefined ? packageReason(from, imported) : ownReason(from, to, imported);
    if (reason !== undefined) breaks(`${imported.specifier}: ${reason}`);
    if (imported.reExport && to !== undefined && file !== 'src/index.ts' && from.top !== 'test') {
      breaks(`${imported.specifier}: re-exported; only src/index.ts passes on what others export`);
    }
  }
  if (READS_ENVIRONMENT.test(code) && !mayReadEnvironment(file)) {
    breaks('reads process.env; take it from src/core/config.ts or telemetry-config.ts');
  }
  return found;
}

/** All static and dynamic imports and re-exports with a literal specifier. */
export function importsOf(code: string): Import[] {
  const statement =
    /(?:^|[;}\n])\s*(import|export)\s+(type\s+)?(?:[\w*\s{},$]+?\s+from\s+)?(['"])([^'"\n]+)\3/g;
  const dynamic = /\b(?:import|require)\s*\(\s*(['"])([^'"\n]+)\1/g;
  const found: Import[] = [];
  for (const [, word, type, , specifier] of code.matchAll(statement)) {
    found.push({
      specifier: specifier!,
      typeOnly: type !== undefined,
      reExport: word === 'export',
    });
  }
  for (const [, , specifier] of code.matchAll(dynamic)) {
    found.push({ specifier: specifier!, typeOnly: false, reExport: false });
  }
  return found;
}

type Place = { top: string; room: string | undefined };

function placeOf(file: string): Place {
  const [top, second, ...deeper] = file.split('/');
  return { top: top!, room: deeper.length > 0 ? second : undefined };
}

function packageReason(from: Place, { specifier }: Import): string | undefined {
  if (!CLIENT_PACKAGES.test(specifier)) return undefined;
  if (['local', 'test'].includes(from.top) || (from.top === 'src' && from.room === 'cloud')) {
    return undefined;
  }
  return 'only src/cloud imports clients of the outside world';
}

function ownReason(from: Place, target: string, { typeOnly }: Import): string | undefined {
  const to = placeOf(target);
  if (from.top === 'test') return undefined;
  if (to.top === 'test') return 'nothing imports tests';
  if (from.top === to.top && from.top !== 'src' && from.room === to.room) return undefined;
  switch (from.top) {
    case 'src':
      if (to.top !== 'src') return `src does not know ${to.top}`;
      if (from.room === 'cli' && (typeOnly || target === EVENT_CONTRACT)) return undefined;
      if (from.room === 'cli' && target.startsWith(FORECASTS)) return undefined;
      return roomReason(from, to);
    case 'functions':
    case 'services':
      if (to.top === from.top)
        return from.top === 'services' ? 'services do not import each other' : undefined;
      return to.top === 'src' ? undefined : `${from.top} import src only, not ${to.top}`;
    case 'local':
      return undefined;
    default:
      return `${from.top} has no arrows yet`;
  }
}

function roomReason(from: Place, to: Place): string | undefined {
  // src/index.ts, the public names.
  if (from.room === undefined || from.room === to.room) return undefined;
  if (to.room === undefined) return 'no room imports the SDK that is made of it';
  const allowed = ROOMS[from.room] ?? [];
  return allowed.includes(to.room)
    ? undefined
    : `${from.room} may import ${allowed.join(', ') || 'nothing of ours'}, not ${to.room}`;
}

const mayReadEnvironment = (file: string): boolean =>
  /^src\/core\/(telemetry-)?config\.ts$/.test(file) || /^(local|test)\//.test(file) || isMain(file);

/** The mains of services, functions and the CLI hand `process.env` on. */
const isMain = (file: string): boolean =>
  /^(services\/[^/]+|src\/cli)\/main\.ts$/.test(file) || /^functions\/[^/]+\.ts$/.test(file);

/** The path from the root that a relative specifier means; undefined for packages and Node's own modules. */
function resolve(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return new URL(specifier, `file:///${file}`).pathname.slice(1);
}

/** The source with comments blanked; strings and templates stay as they are. */
function withoutComments(source: string): string {
  const token =
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return source.replace(token, (text) => (text.startsWith('/') ? ' ' : text));
}
