// The notebooks and folders of the served folder, and which of them run.
import { address, hasTerminals, request } from '../page';
import { act, ago, alert, byId, make } from './dom';

interface Entry {
  name: string;
  path: string;
  type: 'directory' | 'notebook' | 'file';
  last_modified: string;
}

interface Session {
  id: string;
  path: string;
  kernel: { execution_state: string; name: string };
}

/** The folder that is shown, relative to the served one. */
export const folder =
  new URLSearchParams(location.search)
    .get('folder')
    ?.replace(/^\/+|\/+$/g, '') ?? '';

const icons = {
  directory:
    '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M2.5 5.5a1 1 0 0 1 1-1H8l1.7 1.8h6.8a1 1 0 0 1 1 1v7.2a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1z" fill="currentColor"/></svg>',
  notebook:
    '<svg viewBox="0 0 20 20" aria-hidden="true"><rect x="3.5" y="2.5" width="13" height="15" rx="2" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M6.5 2.5v15M9.5 7h4M9.5 10h4" stroke="currentColor" stroke-width="1.5" fill="none"/></svg>',
  terminal:
    '<svg viewBox="0 0 20 20" aria-hidden="true"><rect x="2.5" y="3.5" width="15" height="13" rx="2" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="m6 8 2.5 2L6 12m4.5.5H14" stroke="currentColor" stroke-width="1.5" fill="none"/></svg>'
};

function icon(type: keyof typeof icons): HTMLElement {
  const span = make('span', { class: `icon ${type}` });
  span.innerHTML = icons[type];
  return span;
}

function folderAddress(path: string): string {
  return address() + (path ? `?folder=${encodeURIComponent(path)}` : '');
}

function stopButton(path: string, label: string): HTMLButtonElement {
  const button = make(
    'button',
    { type: 'button', class: 'quiet', 'aria-label': label },
    'Stop'
  );
  button.addEventListener(
    'click',
    () =>
      void act(button, async () => {
        await request('DELETE', path);
        await files();
      })
  );
  return button;
}

function row(entry: Entry, session: Session | undefined): HTMLLIElement {
  const isFolder = entry.type === 'directory';
  const link = make(
    'a',
    {
      href: isFolder
        ? folderAddress(entry.path)
        : address('notebooks', entry.path)
    },
    icon(isFolder ? 'directory' : 'notebook'),
    make('span', { class: 'name' }, entry.name)
  );
  const item = make('li', {}, link);
  if (session) item.append(make('span', { class: 'running' }, 'running'));
  const modified = new Date(entry.last_modified);
  if (!isFolder)
    item.append(
      make(
        'time',
        { datetime: modified.toISOString(), title: modified.toLocaleString() },
        ago(modified)
      )
    );
  return item;
}

function crumbs(): void {
  const parts = folder.split('/').filter(Boolean);
  const nav = byId('crumbs');
  nav.replaceChildren();
  if (!parts.length) return;
  nav.append(make('a', { href: folderAddress('') }, 'Folder'));
  parts.forEach((part, i) => {
    nav.append(make('span', { 'aria-hidden': 'true' }, '/'));
    const path = parts.slice(0, i + 1).join('/');
    nav.append(
      i === parts.length - 1
        ? make('span', { 'aria-current': 'page' }, part)
        : make('a', { href: folderAddress(path) }, part)
    );
  });
}

let shown = '';
let entries: Entry[] = [];
let sessions: Session[] = [];
let shells: string[] = [];

/** Whether the folder that is served has nothing of its user's yet. */
export const isNew = (): boolean => !folder && entries.length === 0;

/** The names in the folder that is shown. */
export const names = (): Set<string> => new Set(entries.map(e => e.name));

/** How many of those that run are listed before one asks for the others. */
const FIRST = 5;
let all = false;

function runningRow(session: Session): HTMLLIElement {
  const busy = session.kernel.execution_state === 'busy';
  const isNotebook = session.path.endsWith('.ipynb');
  // A console has no file: its session has a name that a program made.
  const name = isNotebook ? session.path : `Console (${session.kernel.name})`;
  const words = [icon('notebook'), make('span', { class: 'name' }, name)];
  return make(
    'li',
    {},
    isNotebook
      ? make('a', { href: address('notebooks', session.path) }, ...words)
      : make('span', { class: 'no-file' }, ...words),
    make(
      'span',
      { class: busy ? 'running busy' : 'running' },
      busy ? 'busy' : 'idle'
    ),
    stopButton(
      address('api/sessions', session.id),
      `Stop the kernel of ${name}`
    )
  );
}

function terminalRow(name: string): HTMLLIElement {
  return make(
    'li',
    {},
    make(
      'a',
      { href: address('terminals', name) },
      icon('terminal'),
      make('span', { class: 'name' }, `Terminal ${name}`)
    ),
    stopButton(address('api/terminals', name), `Close terminal ${name}`)
  );
}

/** What runs, wherever it is, and how to stop it; the busy first. */
function running(): void {
  const idle = (s: Session): number =>
    Number(s.kernel.execution_state !== 'busy');
  const sorted = [...sessions].sort(
    (a, b) => idle(a) - idle(b) || a.path.localeCompare(b.path)
  );
  const found = [...sorted.map(runningRow), ...shells.map(terminalRow)];
  const rest = all ? 0 : found.length - FIRST;
  const rows = found.slice(0, rest > 1 ? FIRST : found.length);
  if (rest > 1) {
    const more = make(
      'button',
      { type: 'button', class: 'more' },
      `${rest} more`
    );
    more.addEventListener('click', () => {
      all = true;
      running();
    });
    rows.push(make('li', {}, more));
  }
  byId('running').replaceChildren(...rows);
  byId('running-section').hidden = found.length === 0;
}

/** Shows the entries whose names have what is searched for. */
function filter(): void {
  const list = byId('files');
  const words = byId<HTMLInputElement>('search')
    .value.toLowerCase()
    .split(/\s+/)
    .filter(Boolean);
  const found = entries.filter(e =>
    words.every(word => e.name.toLowerCase().includes(word))
  );
  const byPath = new Map(sessions.map(s => [s.path, s]));
  const isFolder = (e: Entry): boolean => e.type === 'directory';
  // Folders in a line of their own: one finds them however many notebooks there are.
  const line = byId('folders');
  line.replaceChildren(...found.filter(isFolder).map(e => row(e, undefined)));
  line.hidden = !line.childElementCount;
  list.replaceChildren(
    ...found.filter(e => !isFolder(e)).map(e => row(e, byPath.get(e.path)))
  );
  list.hidden = !list.childElementCount && found.length > 0;
  if (!found.length) {
    const text = entries.length
      ? 'Nothing here has that in its name.'
      : folder
        ? 'Nothing in this folder.'
        : 'No notebooks here yet. Make one, or open a tutorial.';
    list.append(make('li', { class: 'empty' }, text));
  }
}

byId('search').addEventListener('input', filter);

/** The names of the terminals that are open. */
async function terminals(): Promise<string[]> {
  if (!hasTerminals) return [];
  const open = await request<{ name: string }[]>(
    'GET',
    address('api/terminals')
  );
  return open.map(t => t.name);
}

/** Lists the folder; leaves the page alone when nothing has changed. */
export async function files(): Promise<void> {
  const list = byId('files');
  try {
    const [listing, now, open] = await Promise.all([
      request<{ content: Entry[] }>(
        'GET',
        address('api/contents', folder) + '?content=1&type=directory'
      ),
      request<Session[]>('GET', address('api/sessions')),
      terminals()
    ]);
    sessions = now;
    shells = open;
    entries = listing.content.filter(
      e => e.type !== 'file' && !e.name.startsWith('.')
    );
    entries.sort(
      (a, b) =>
        Number(a.type === 'directory') - Number(b.type === 'directory') ||
        (a.type === 'notebook' &&
          b.last_modified.localeCompare(a.last_modified)) ||
        a.name.localeCompare(b.name)
    );
    const state = JSON.stringify([
      entries.map(e => [e.path, e.last_modified]),
      sessions.map(s => [s.id, s.path, s.kernel.execution_state]),
      shells
    ]);
    if (state !== shown) {
      shown = state;
      running();
      filter();
      byId('search').hidden = entries.length < 8;
    }
  } catch (error) {
    alert(`The folder cannot be listed: ${(error as Error).message}`);
  } finally {
    list.removeAttribute('aria-busy');
    crumbs();
  }
}
