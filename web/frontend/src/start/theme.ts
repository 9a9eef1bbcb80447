// The choice of theme, shared with the notebook page.
import { isDark, setThemeChoice, themeChoice, type ThemeChoice } from '../page';
import { byId, make } from './dom';

const choices: [ThemeChoice, string][] = [
  ['light', 'Light'],
  ['system', 'Auto'],
  ['dark', 'Dark']
];

function apply(): void {
  document.documentElement.dataset['theme'] = isDark(themeChoice())
    ? 'dark'
    : 'light';
}

/** Shows the choice and keeps the page in it. */
export function themes(): void {
  apply();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  const group = byId('themes');
  for (const [choice, label] of choices) {
    const input = make('input', {
      type: 'radio',
      name: 'theme',
      value: choice
    });
    input.checked = themeChoice() === choice;
    input.addEventListener('change', () => {
      setThemeChoice(choice);
      apply();
    });
    group.append(make('label', {}, input, make('span', {}, label)));
  }
}
