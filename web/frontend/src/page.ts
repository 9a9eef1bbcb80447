// What both pages share: the configuration that the server put into the page,
// and plain requests to its API.

const config = JSON.parse(
  document.getElementById('jupyter-config-data')?.textContent || '{}'
) as Record<string, unknown>;

/** A text of the server's configuration of the page, empty when it is not there. */
function option(name: string): string {
  const value = config[name];
  return typeof value === 'string' ? value : '';
}

/** What a person changed in the settings of plugins, by plugin; undefined when the server does not say. */
export function pageSettings(): Record<string, string> | undefined {
  const value = config['poolbookSettings'];
  return value ? (value as Record<string, string>) : undefined;
}

/** The path that every address of the server begins with; ends with a slash. */
export const baseUrl = option('baseUrl') || '/';

/** The name of the kernel that new notebooks get. */
export const defaultKernel = option('defaultKernel') || 'poolbook';

/** Whether the server has terminals. */
export const hasTerminals = option('terminalsAvailable') === 'true';

/** What the served folder is called in the page, or an empty string. */
export const folderName = option('folder');

/** Which folder is served, as a name for what the browser keeps of it. */
export const served = `${baseUrl} ${option('serverRoot')}`;

/** An answer of the server that is not a success. */
export class ResponseError extends Error {
  constructor(
    readonly status: number,
    message: string
  ) {
    super(message);
  }
}

/** The address of a path of the server, each segment of it percent-encoded. */
export function address(...segments: string[]): string {
  return (
    baseUrl +
    segments
      .flatMap(s => s.split('/'))
      .filter(Boolean)
      .map(encodeURIComponent)
      .join('/')
  );
}

function cookie(name: string): string {
  const found = document.cookie.split('; ').find(c => c.startsWith(name + '='));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : '';
}

/**
 * Sends one request and returns the JSON of the answer (undefined when empty).
 * Throws a ResponseError with the server's own message when it is refused.
 */
export async function request<T>(
  method: string,
  url: string,
  body?: unknown
): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  const token = option('token');
  if (token) headers['Authorization'] = `token ${token}`;
  const xsrf = cookie('_xsrf');
  if (xsrf) headers['X-XSRFToken'] = xsrf;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await fetch(url, {
    method,
    headers,
    credentials: 'same-origin',
    cache: 'no-store',
    body: body === undefined ? null : JSON.stringify(body)
  });
  const text = await response.text();
  let data: unknown;
  try {
    data = text ? JSON.parse(text) : undefined;
  } catch {
    data = undefined;
  }
  if (!response.ok) {
    const message = (data as { message?: string } | undefined)?.message;
    throw new ResponseError(
      response.status,
      message || `${response.status} ${response.statusText}`
    );
  }
  return data as T;
}

const THEME_KEY = 'poolbook:theme';

/** The theme a person chose for this server: follows the system until then. */
export type ThemeChoice = 'system' | 'light' | 'dark';

export function themeChoice(): ThemeChoice {
  try {
    const value = localStorage.getItem(THEME_KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

export function setThemeChoice(choice: ThemeChoice): void {
  try {
    localStorage.setItem(THEME_KEY, choice);
  } catch {
    // A browser that keeps nothing for us still shows the theme until reload.
  }
}

/** Whether the page is dark under this choice, now. */
export function isDark(choice: ThemeChoice): boolean {
  return choice === 'system'
    ? matchMedia('(prefers-color-scheme: dark)').matches
    : choice === 'dark';
}
