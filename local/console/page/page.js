// The page of the local console: three tabs, whose state is the address, kept up to date by asking every few seconds.
import { clockOf, get, h, parseHash, plural } from './dom.js';
import { createLogs } from './logs.js';
import { createMetrics } from './metrics.js';
import { createTraces } from './traces.js';

const REFRESH_MS = 3_000;
const main = document.querySelector('main');
const live = document.querySelector('#live');
const pause = document.querySelector('#pause');
const refused = document.querySelector('#refused');

const views = {
  metrics: createMetrics(),
  traces: createTraces(),
  logs: createLogs(),
  refusals: createRefusals(),
};
let current;
let isPaused = false;
let round = 0;

/** What was refused by the endpoints, and why. */
function createRefusals() {
  const root = h('section', { class: 'card', 'aria-label': 'Refusals' });
  return {
    root,
    title: () => 'Refusals',
    async refresh() {
      const { refusals } = await get('/refusals.json');
      const line = ({ endpoint, count, lastAtMs, message }) =>
        h(
          'li',
          {},
          h('b', {}, endpoint),
          ` ${plural(count, 'time')}`,
          lastAtMs === undefined ? '' : `, last at ${clockOf(lastAtMs)}`,
          h('pre', {}, message),
        );
      root.replaceChildren(
        h('h2', {}, 'What the endpoints did not take'),
        refusals.length === 0
          ? h('p', { class: 'quiet' }, 'Nothing has been refused.')
          : h('ul', { class: 'plain' }, refusals.map(line)),
      );
    },
  };
}

async function refresh() {
  const mine = ++round;
  const view = current;
  try {
    await view.refresh();
    const { total } = await get('/refusals.json');
    if (mine !== round) return;
    refused.hidden = total === 0;
    refused.textContent = `${total.toLocaleString()} refused`;
    live.textContent = isPaused ? 'paused' : 'live';
    live.className = isPaused ? '' : 'on';
  } catch (error) {
    if (mine !== round) return;
    live.textContent = error instanceof TypeError ? 'not connected' : error.message;
    live.className = 'off';
  }
}

function show() {
  const route = parseHash(location.hash);
  const view = views[route.tab] ?? views.metrics;
  for (const link of document.querySelectorAll('nav a')) {
    const isHere = link.hash === `#${route.tab}`;
    if (isHere) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const changed = view !== current;
  current = view;
  view.route?.(route);
  if (changed) main.replaceChildren(view.root);
  document.title = `${view.title(route)} · Console · AgentWorks`;
  void refresh();
}

pause.addEventListener('click', () => {
  isPaused = !isPaused;
  pause.setAttribute('aria-pressed', String(isPaused));
  pause.textContent = isPaused ? 'Resume' : 'Pause';
  void refresh();
});
window.addEventListener('hashchange', show);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !isPaused) void refresh();
});
setInterval(() => {
  if (!isPaused && !document.hidden) void refresh();
}, REFRESH_MS);
if (location.hash === '') history.replaceState(null, '', '#traces');
show();
