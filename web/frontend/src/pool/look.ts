// The colours of the panel, by the page's theme.

export interface Colours {
  text: string;
  quiet: string;
  line: string;
  back: string;
  failed: string;
  busy: string;
  jobs: string[];
  font: string;
}

/** Two shades of the page's own colour, which a cell's bar has too: one job is told from the next, and red is left for what failed. */
const LIGHT = ['#0b7f95', '#5aa9b8'];
const DARK = ['#46b3c6', '#2b8394'];

function isDark(): boolean {
  return document.body.dataset['jpThemeLight'] === 'false';
}

let read: { theme: string; look: Colours } | null = null;

/** The colours that a part of the page has; read once for each theme. */
export function colours(node: HTMLElement): Colours {
  const theme = document.body.dataset['jpThemeName'] ?? '';
  if (read?.theme === theme) return read.look;
  const style = getComputedStyle(node);
  const get = (name: string): string => style.getPropertyValue(name).trim();
  const look = {
    text: get('--jp-ui-font-color1'),
    quiet: get('--jp-ui-font-color2'),
    line: get('--jp-border-color2'),
    back: get('--jp-layout-color1'),
    failed: isDark() ? '#ff6b5e' : '#d0342c',
    busy: get('--jp-brand-color1'),
    jobs: isDark() ? DARK : LIGHT,
    font: style.fontFamily
  };
  // Before the theme's style sheet is there, there is nothing to keep.
  if (theme && look.text) read = { theme, look };
  return look;
}

/** The colour of a job, the same in lists and lanes. */
export function jobColour(job: number): string {
  const list = isDark() ? DARK : LIGHT;
  return list[job % list.length]!;
}
