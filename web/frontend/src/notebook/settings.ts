// Settings: their schemas are part of the page (generated/schemas.json), the
// server keeps only what a person changed. A server without that API leaves the
// changes to the browser's storage.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  ISettingConnector,
  type ISettingRegistry
} from '@jupyterlab/settingregistry';
import { DataConnector } from '@jupyterlab/statedb';
import {
  address,
  isDark,
  pageSettings,
  request,
  ResponseError,
  setThemeChoice,
  themeChoice
} from '../page';
import schemas from '../../generated/schemas.json';
import { defaults } from './defaults';
import { formatSchema } from './formatschema';
import { runtimeSchema } from './runtime';
import { schema as saveState } from './savestate';
import { vimSchema } from './vim';

type Known = Record<
  string,
  { schema: ISettingRegistry.ISchema; version: string }
>;
type Overrides = Record<string, string>;

const KEY = 'poolbook:settings';
const known: Known = { ...(schemas as unknown as Known) };

/** Adds the schema of a plugin of ours, before the application starts. */
export function addSchema(id: string, schema: object): void {
  known[id] = {
    schema: schema as unknown as ISettingRegistry.ISchema,
    version: '1'
  };
}

addSchema('poolbook:save-state', saveState);
addSchema('poolbook:format', formatSchema);
addSchema('poolbook:runtime', runtimeSchema);
addSchema('poolbook:vim', vimSchema);

function fromBrowser(): Overrides {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Overrides;
  } catch {
    return {};
  }
}

/** The schema of a plugin with the defaults that this page sets differently. */
function schemaOf(id: string): ISettingRegistry.ISchema {
  const { schema } = known[id]!;
  const own = defaults[id];
  if (!own) return schema;
  const properties = { ...schema.properties };
  for (const [name, value] of Object.entries(own)) {
    properties[name] = {
      ...properties[name],
      default: value
    } as ISettingRegistry.IProperty;
  }
  return { ...schema, properties };
}

const THEMES = '@jupyterlab/apputils-extension:themes';

/** The theme is also the start page's: its choice replaces what is stored. */
function withTheme(raw: string): string {
  const choice = themeChoice();
  if (choice === 'system') return raw;
  return changed(raw, {
    'adaptive-theme': false,
    theme: isDark(choice) ? 'Poolbook Dark' : 'Poolbook Light'
  });
}

function changed(raw: string, values: Record<string, unknown>): string {
  try {
    return JSON.stringify({ ...(JSON.parse(raw) as object), ...values });
  } catch {
    return JSON.stringify(values);
  }
}

function noteTheme(raw: string): void {
  try {
    // JupyterLab writes what each setting is in lines of comments.
    const user = JSON.parse(raw.replace(/^\s*\/\/.*$/gm, '')) as {
      'adaptive-theme'?: boolean;
      theme?: string;
    };
    if (user['adaptive-theme'] ?? user.theme === undefined)
      setThemeChoice('system');
    else setThemeChoice(user.theme?.includes('Dark') ? 'dark' : 'light');
  } catch {
    // Written by hand in another way: the start page keeps its own choice.
  }
}

class Connector extends DataConnector<
  ISettingRegistry.IPlugin,
  string,
  string,
  string
> {
  private onServer = true;
  private readonly overrides = this.load();

  constructor(private readonly started: Promise<void>) {
    super();
  }

  private async load(): Promise<Overrides> {
    const inPage = pageSettings();
    if (inPage) return inPage;
    try {
      const answer = await request<{ settings: Overrides }>(
        'GET',
        address('poolbook/api/settings')
      );
      return answer.settings;
    } catch (error) {
      if (!(error instanceof ResponseError)) throw error;
      this.onServer = false;
      return fromBrowser();
    }
  }

  /**
   * Fetches one plugin's settings. Those that the plugin itself completes with a
   * transformation are asked for by others before it is there, so they wait.
   */
  override async fetch(
    id: string
  ): Promise<ISettingRegistry.IPlugin | undefined> {
    if (known[id]?.schema['jupyter.lab.transform']) await this.started;
    return this.read(id);
  }

  private async read(
    id: string
  ): Promise<ISettingRegistry.IPlugin | undefined> {
    const found = known[id];
    if (!found) return undefined;
    const stored = (await this.overrides)[id] ?? '{}';
    const raw = id === THEMES ? withTheme(stored) : stored;
    return {
      id,
      raw,
      schema: schemaOf(id),
      version: found.version,
      data: { composite: {}, user: {} }
    };
  }

  override async list(
    query?: string
  ): Promise<{ ids: string[]; values: ISettingRegistry.IPlugin[] }> {
    const ids = Object.keys(known);
    if (query === 'ids') return { ids, values: [] };
    const values = await Promise.all(ids.map(id => this.read(id)));
    return { ids, values: values.filter(v => v !== undefined) };
  }

  override async save(id: string, raw: string): Promise<void> {
    const overrides = await this.overrides;
    overrides[id] = raw;
    if (id === THEMES) noteTheme(raw);
    if (this.onServer) {
      await request(
        'PUT',
        address('poolbook/api/settings') + '/' + encodeURIComponent(id),
        { raw }
      );
    } else {
      localStorage.setItem(KEY, JSON.stringify(overrides));
    }
  }
}

export const settings: JupyterFrontEndPlugin<ISettingConnector> = {
  id: 'poolbook:settings',
  description: 'Settings whose schemas ship with the page.',
  autoStart: true,
  provides: ISettingConnector,
  activate: app => new Connector(app.started)
};
