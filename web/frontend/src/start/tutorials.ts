// The tutorials that ship with the program.
import { address, request } from '../page';
import { act, alert, byId, make } from './dom';

interface Tutorial {
  name: string;
  title: string;
  description: string;
  /** About how long it takes, in minutes. */
  minutes?: number;
}

async function open(name: string): Promise<void> {
  const { path } = await request<{ path: string }>(
    'POST',
    address('poolbook/api/tutorials', name, 'open')
  );
  location.assign(address('notebooks', path));
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
    text.append(make('span', { class: 'about' }, tutorial.description));
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
    () => void act(button, () => open(tutorial.name))
  );
  return make('li', {}, button);
}

/** Fills the list of tutorials; without any, the section is not shown. */
export async function tutorials(): Promise<void> {
  const list = byId('tutorials');
  try {
    const found = await request<Tutorial[]>(
      'GET',
      address('poolbook/api/tutorials')
    );
    list.replaceChildren(...found.map((t, i) => card(t, i + 1)));
    byId('tutorials-section').hidden = found.length === 0;
  } catch (error) {
    byId('tutorials-section').hidden = true;
    alert(`The tutorials cannot be listed: ${(error as Error).message}`);
  } finally {
    list.removeAttribute('aria-busy');
  }
}
