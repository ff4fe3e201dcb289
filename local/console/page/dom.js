// Building blocks of the page. Text always becomes text: nothing that logs or spans hold is taken for HTML.

/** An element; `on…` properties are listeners, others attributes (false and undefined: none), children nodes or text. */
export function h(tag, props = {}, ...children) {
  const svg = ['svg', 'g', 'path', 'line', 'rect', 'circle', 'text', 'title'].includes(tag);
  const element = svg
    ? document.createElementNS('http://www.w3.org/2000/svg', tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

/**
 * Makes the children of `container` those of `items`; what has not changed stays the same element, with its focus, its
 * selection and its open details.
 */
export function keyed(container, items, { key, render }) {
  const known = new Map([...container.children].map((child) => [child.dataset.key, child]));
  let place = container.firstElementChild;
  for (const item of items) {
    const id = String(key(item));
    const state = JSON.stringify(item);
    let element = known.get(id);
    if (element?.dataset.state !== state) {
      const made = render(item, element);
      made.dataset.key = id;
      made.dataset.state = state;
      if (element === place) place = element?.nextElementSibling ?? null;
      element?.remove();
      element = made;
    }
    known.delete(id);
    if (element === place) place = place.nextElementSibling;
    else container.insertBefore(element, place);
  }
  for (const left of known.values()) left.remove();
}

/** A labelled control: `field('Window', select)`. */
export function field(label, control, className = '') {
  return h('label', { class: `field ${className}` }, h('span', {}, label), control);
}

/** Replaces the options of a select unless they are the same already; entries are `[value, text]`. */
export function setOptions(select, entries, value) {
  const state = JSON.stringify(entries);
  if (select.dataset.state !== state) {
    select.dataset.state = state;
    select.replaceChildren(...entries.map(([id, text]) => h('option', { value: id }, text)));
  }
  if (select.value !== value) select.value = value;
}

/** JSON of the console's server; throws with its words. */
export async function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given).toString();
  const response = await fetch(search === '' ? path : `${path}?${search}`);
  const body = await response.json();
  if (response.ok) return body;
  throw Object.assign(new Error(body.error.message), { status: response.status });
}

/** `#tab/id?query` and back; empty values are left out. */
export function hashOf(tab, query = {}, id = '') {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given).toString();
  return `#${tab}${id === '' ? '' : `/${id}`}${search === '' ? '' : `?${search}`}`;
}

export function parseHash(hash) {
  const [path, search = ''] = hash.slice(1).split('?');
  const [tab, id = ''] = path.split('/');
  return { tab: tab || 'metrics', id, query: Object.fromEntries(new URLSearchParams(search)) };
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' });
const moment = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

/** A time of today to the millisecond; the whole of it stands in the title. */
export function timeOf(ms) {
  const date = new Date(ms);
  return h('time', { datetime: date.toISOString(), title: day.format(date) }, moment.format(date));
}

export function clockOf(ms) {
  return clock.format(new Date(ms));
}

/** `850 µs`, `12.3 ms`, `4.56 s`, `2 min 3 s`. */
export function durationOf(ms) {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${Number(ms.toPrecision(3))} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toPrecision(3))} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** Decimal text of dollars, every digit of it, at least two decimals. */
export function dollarsOf(text) {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return `$${text}`;
  const [whole, fraction = ''] = text.split('.');
  const sign = whole.startsWith('-') ? '-' : '';
  return `${sign}$${whole.replace('-', '')}.${fraction.padEnd(2, '0')}`;
}

const compact = new Intl.NumberFormat(undefined, {
  notation: 'compact',
  maximumSignificantDigits: 3,
});

export function numberOf(value) {
  if (value !== 0 && Math.abs(value) < 0.001) return value.toPrecision(3);
  return compact.format(value);
}

export function plural(count, word) {
  return `${count.toLocaleString()} ${word}${count === 1 ? '' : 's'}`;
}

/** Attributes as a list of terms; nested ones as JSON. */
export function attributesOf(attributes) {
  const rows = Object.entries(attributes).map(([key, value]) => [
    h('dt', {}, key),
    h('dd', {}, typeof value === 'object' ? JSON.stringify(value) : String(value)),
  ]);
  return h('dl', {}, rows.flat());
}
