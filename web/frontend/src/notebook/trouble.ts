// What is said when the page cannot reach its server: a line above the document,
// which is part of the page from its start. JupyterLab's notes are code that is
// fetched with the first one, from the server that may not be there.
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { address, baseUrl } from '../page';

/** How the page and its server get on. */
export type Connection = 'good' | 'away' | 'signed-out';

/** How often a server that does not answer is asked again, in ms. */
const AGAIN = 2000;

const texts: Record<Connection, string> = {
  good: '',
  away: 'The server does not answer. Is poolbook still running? What you type is kept in this browser until it can be saved.',
  'signed-out':
    'This page is signed out, so that nothing can be saved or run. What you type is kept in this browser.'
};

const changed = new Signal<object, Connection>({});
let state: Connection = 'good';
let asking = 0;
let bar: HTMLElement | undefined;

/** Tells of each change, after it. */
export const connectionChanged: ISignal<object, Connection> = changed;

/** How it is now. */
export function connection(): Connection {
  return state;
}

/** Asks the server now whether it answers, and goes on until it does. */
export async function probe(): Promise<void> {
  clearTimeout(asking);
  try {
    const response = await fetch(address('api/me'), {
      cache: 'no-store',
      credentials: 'same-origin',
      signal: AbortSignal.timeout(10_000)
    });
    heard(response.status);
  } catch {
    set('away');
  }
  if (state !== 'good') asking = window.setTimeout(() => void probe(), AGAIN);
}

/** Takes the status of an answer into account. */
export function heard(status: number): void {
  if (status === 403 || status === 401) set('signed-out');
  else if (status < 500) set('good');
}

function set(next: Connection): void {
  if (state === next) return;
  state = next;
  show();
  changed.emit(next);
}

function show(): void {
  if (!bar) {
    bar = document.createElement('div');
    bar.className = 'pb-Trouble';
    bar.setAttribute('role', 'alert');
    document.body.append(bar);
  }
  bar.hidden = state === 'good';
  const text = document.createElement('span');
  text.textContent = texts[state];
  bar.replaceChildren(text);
  if (state === 'signed-out') {
    const link = document.createElement('a');
    // In a window of its own: this one keeps what was typed.
    link.href = `${baseUrl}login?next=${encodeURIComponent(baseUrl)}`;
    link.target = '_blank';
    link.rel = 'noopener';
    link.textContent = 'Sign in';
    bar.append(link);
  }
}

// Back from the window where one has signed in, or from a machine's sleep.
window.addEventListener('focus', () => {
  if (state !== 'good') void probe();
});
window.addEventListener('online', () => void probe());
window.addEventListener('offline', () => void probe());
