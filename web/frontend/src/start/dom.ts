// A few words for building the start page's elements.

type Properties = Record<string, string | boolean | (() => void)>;

/**
 * Makes an element. Properties that are functions are its event handlers,
 * true is an attribute without a value, false leaves the attribute away.
 */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (typeof value === 'string') element.setAttribute(name, value);
    else if (value) element.setAttribute(name, '');
  }
  element.append(...children);
  return element;
}

/** The element of the page's own document with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Shows what went wrong, above the lists; an empty text takes it away. */
export function alert(text: string): void {
  const element = byId('alert');
  element.textContent = text;
  element.hidden = text === '';
}

/** Runs what a button does, once at a time, and shows its failure. */
export async function act(
  button: HTMLButtonElement,
  work: () => Promise<void>
): Promise<void> {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  alert('');
  try {
    await work();
  } catch (error) {
    alert(error instanceof Error ? error.message : String(error));
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60]
];

/** A moment in words: "5 minutes ago"; the date when it is over a week ago. */
export function ago(moment: Date): string {
  const seconds = (moment.getTime() - Date.now()) / 1000;
  if (seconds < -7 * 86400)
    return moment.toLocaleDateString('en', { dateStyle: 'medium' });
  const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  for (const [unit, size] of units) {
    if (seconds <= -size)
      return format.format(Math.round(seconds / size), unit);
  }
  return 'just now';
}
