// The registry of settings, with a validator that starts at once.
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  DefaultSchemaValidator,
  ISettingConnector,
  ISettingRegistry,
  type ISchemaValidator,
  SettingRegistry
} from '@jupyterlab/settingregistry';
import { complete, plain, type Schema } from './composite';

/**
 * Checks what a person has set, and completes it with the defaults. The schemas
 * themselves ship with the page and are right; JupyterLab's own validator, which
 * compiles them all, is used for settings that are more than plain values.
 */
class Validator implements ISchemaValidator {
  private whole: DefaultSchemaValidator | undefined;

  validateData(
    plugin: ISettingRegistry.IPlugin,
    populate = true
  ): ISchemaValidator.IError[] | null {
    const schema = plugin.schema as unknown as Schema;
    const user = parsed(plugin.raw);
    if (!user || schema.type !== 'object' || !plain(schema, user)) {
      this.whole ??= new DefaultSchemaValidator();
      return this.whole.validateData(plugin, populate);
    }
    if (populate) {
      const composite = structuredClone(user);
      complete(schema, composite);
      plugin.data = { composite, user } as ISettingRegistry.ISettingBundle;
    }
    return null;
  }
}

/** The settings of a text without comments; undefined for any other. */
function parsed(raw: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(raw) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

export const registry: JupyterFrontEndPlugin<ISettingRegistry> = {
  id: 'poolbook:setting-registry',
  description: 'The settings of all plugins.',
  autoStart: true,
  provides: ISettingRegistry,
  requires: [ISettingConnector],
  activate: async (app, connector: ISettingConnector) => {
    const all = await connector.list('active');
    return new SettingRegistry({
      connector,
      validator: new Validator(),
      plugins: all.values.filter(value => app.hasPlugin(value.id))
    });
  }
};

/**
 * Loads the settings of plugins that came after the registry was made: their
 * menus, shortcuts and forms are in them. Those that a plugin completes itself
 * can be loaded only when it is active, the others are looked at by plugins
 * when they begin.
 */
export async function loadLater(
  app: JupyterFrontEnd,
  which: 'before' | 'after'
): Promise<void> {
  const settings = await app.resolveRequiredService(ISettingRegistry);
  const connector = await app.resolveRequiredService(ISettingConnector);
  const { values } = await connector.list();
  await Promise.all(
    values
      .filter(({ id }) => app.hasPlugin(id) && !(id in settings.plugins))
      .filter(
        ({ schema }) => which === 'after' || !schema['jupyter.lab.transform']
      )
      .map(({ id }) => settings.load(id))
  );
}
