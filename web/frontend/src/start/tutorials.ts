// The tutorials that ship with the program.
import { address, request } from '../page';
import { act, alert, byId, make } from './dom';

interface Tutorial {
  name: string;
  title: string;
  description: string;
  /** About how long it takes, in minutes. */
  minutes?: number;
  /** Where the copy of it is that was opened before. */
  copy?: string | null;
}

/** Opens the copy in the folder, made now if there is none; or a fresh one. */
async function open(name: string, how: 'open' | 'reset'): Promise<void> {
  const url = address('poolbook/api/tutorials', name, how);
  const { path } = await request<{ path: string }>('POST', url);
  location.assign(address('notebooks', path));
}

function startOver(tutorial: Tutorial): HTMLElement {
  const button = make(
    'button',
    {
      type: 'button',
      class: 'quiet',
      'aria-label': `Start over: ${tutorial.title}`,
      title: 'Opens a fresh copy; yours is kept under another name'
    },
    'Start over'
  );
  button.addEventListener(
    'click',
    () => void act(button, () => open(tutorial.name, 'reset'))
  );
  return make(
    'span',
    { class: 'card-foot' },
    make('span', {}, 'In your folder'),
    button
  );
}

/** A text whose parts between backticks are code. */
function withCode(text: string): (Node | string)[] {
  return text
    .split('`')
    .map((part, i) => (i % 2 ? make('code', {}, part) : part));
}

function card(tutorial: Tutorial, number: number): HTMLLIElement {
  const button = make('button', { type: 'button', class: 'card' });
  button.dataset['tutorial'] = tutorial.name;
  const text = make(
    'span',
    { class: 'card-text' },
    make('strong', {}, tutorial.title)
  );
  if (tutorial.description)
    text.append(
      make('span', { class: 'about' }, ...withCode(tutorial.description))
    );
  button.append(
    make('span', { class: 'number', 'aria-hidden': 'true' }, String(number)),
    text
  );
  if (tutorial.minutes)
    button.append(
      make('span', { class: 'minutes' }, `${tutorial.minutes} min`)
    );
  button.addEventListener(
    'click',
    () => void act(button, () => open(tutorial.name, 'open'))
  );
  const item = make('li', {}, button);
  if (tutorial.copy) item.append(startOver(tutorial));
  return item;
}

/**
 * Fills the list of tutorials; without any, the section is not shown. Resolves
 * with whether one was opened before: then they are folded.
 */
export async function tutorials(): Promise<boolean> {
  const list = byId('tutorials');
  try {
    const found = await request<Tutorial[]>(
      'GET',
      address('poolbook/api/tutorials')
    );
    list.replaceChildren(...found.map((t, i) => card(t, i + 1)));
    byId('tutorials-section').hidden = found.length === 0;
    const known = found.some(t => t.copy);
    byId<HTMLDetailsElement>('tutorials-fold').open = !known;
    return known;
  } catch (error) {
    byId('tutorials-section').hidden = true;
    alert(`The tutorials cannot be listed: ${(error as Error).message}`);
    return false;
  } finally {
    list.removeAttribute('aria-busy');
  }
}
