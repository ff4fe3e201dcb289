// The page of the local inbox: cards come as HTML from the server, new ones by server-sent events.
const main = document.querySelector('main');
const live = document.querySelector('#live');
const empty = document.querySelector('#empty');
const times = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Local times, and frames as high as their mails. */
function dress(root) {
  for (const time of root.querySelectorAll('time')) {
    time.textContent = times.format(new Date(time.dateTime));
  }
  for (const frame of root.querySelectorAll('iframe')) {
    const fit = () => {
      const { documentElement, body } = frame.contentDocument;
      frame.style.height = `${Math.max(documentElement.offsetHeight, body.scrollHeight)}px`;
    };
    frame.addEventListener('load', () => {
      fit();
      new ResizeObserver(fit).observe(frame);
    });
  }
}

function count() {
  for (const button of document.querySelectorAll('nav button')) {
    const { show } = button.dataset;
    const selector = show === 'all' ? 'article' : `article[data-kind=${show}]`;
    button.querySelector('span').textContent = main.querySelectorAll(selector).length || '';
  }
  empty.hidden = main.querySelector('article') !== null;
}

async function reload() {
  const response = await fetch('/cards');
  main.innerHTML = await response.text();
  dress(main);
  count();
}

const events = new EventSource('/events');
events.addEventListener('open', () => {
  live.textContent = 'live';
  live.className = 'on';
  void reload();
});
events.addEventListener('error', () => {
  live.textContent = 'not connected';
  live.className = '';
});
events.addEventListener('message', ({ data }) => {
  const template = document.createElement('template');
  template.innerHTML = JSON.parse(data);
  const card = template.content.firstElementChild;
  if (document.getElementById(card.id)) return;
  card.classList.add('new');
  main.prepend(card);
  dress(card);
  count();
});
events.addEventListener('clear', () => {
  main.replaceChildren();
  count();
});

document.querySelector('nav').addEventListener('click', ({ target }) => {
  const button = target.closest('button');
  if (!button) return;
  main.dataset.show = button.dataset.show;
  for (const other of document.querySelectorAll('nav button')) {
    other.setAttribute('aria-pressed', String(other === button));
  }
});
document.querySelector('#clear').addEventListener('click', () => {
  void fetch('/messages', { method: 'DELETE' });
});
