// Vim's keys in cells and files, for those who set them: fetched with the first
// editor that has them.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry
} from '@jupyterlab/codemirror';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Compartment, type Extension, Prec } from '@codemirror/state';
import { EditorView, ViewPlugin } from '@codemirror/view';

const EDITORS = '@jupyterlab/codemirror-extension:plugin';

type Vim = typeof import('@replit/codemirror-vim');

let loaded: Vim | undefined;

/** Vim's keys, as soon as they are there; until then the editor takes what is typed as it is. */
function keys(): Extension {
  const place = new Compartment();
  const fetching = ViewPlugin.define(view => {
    let gone = false;
    import('@replit/codemirror-vim').then(
      module => {
        loaded = module;
        if (!gone) view.dispatch({ effects: place.reconfigure(module.vim()) });
      },
      // The network was away: the next editor asks again.
      () => undefined
    );
    return {
      destroy: () => {
        gone = true;
      }
    };
  });
  // Before the editor's own keys, as Vim's package asks for.
  return Prec.highest(loaded ? loaded.vim() : [place.of([]), fetching]);
}

/** Whether Escape means something to Vim in an editor: it ends what is typed, selected or begun. */
function pending(view: EditorView): boolean {
  const vim = loaded?.getCM(view)?.state.vim;
  return Boolean(
    vim &&
    (vim.insertMode || vim.visualMode || vim.inputState?.keyBuffer?.length)
  );
}

export const vim: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:vim',
  description: 'Vim’s keys in editors, for those who set them.',
  autoStart: true,
  requires: [IEditorExtensionRegistry],
  optional: [ISettingRegistry, ICommandPalette],
  activate: (
    app,
    editors: IEditorExtensionRegistry,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null
  ) => {
    editors.addExtension({
      name: 'vim',
      default: false,
      schema: {
        type: 'boolean',
        title: 'Vim keys',
        description: 'Edit cells and files with the keys of Vim.'
      },
      factory: () =>
        EditorExtensionRegistry.createConfigurableExtension((on: boolean) =>
          on ? keys() : []
        )
    });
    // The notebook's Escape leaves the cell. Vim's first ends its own mode: only an Escape in its normal mode leaves.
    window.addEventListener(
      'keydown',
      event => {
        const { target } = event;
        if (event.key !== 'Escape' || !loaded) return;
        if (!(target instanceof HTMLElement) || event.isComposing) return;
        const view = EditorView.findFromDOM(target);
        if (!view || !pending(view)) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        loaded.Vim.handleKey(loaded.getCM(view)!, '<Esc>', 'user');
      },
      { capture: true }
    );
    const isOn = (config: unknown): boolean =>
      (config as { vim?: unknown } | undefined)?.vim === true;
    let on = false;
    app.commands.addCommand('poolbook:vim', {
      label: 'Vim Keys',
      describedBy: { args: null },
      isEnabled: () => registry !== null,
      isToggled: () => on,
      execute: async () => {
        const settings = await registry!.load(EDITORS);
        const config = settings.user['defaultConfig'] as object | undefined;
        await settings.set('defaultConfig', { ...config, vim: !on });
      }
    });
    palette?.addItem({ command: 'poolbook:vim', category: 'Settings' });
    void registry?.load(EDITORS).then(settings => {
      const read = (): void => {
        on = isOn(settings.composite['defaultConfig']);
        app.commands.notifyCommandChanged('poolbook:vim');
      };
      settings.changed.connect(read);
      read();
    });
  }
};

/** Where the command is found. */
export const vimSchema = {
  title: 'Vim keys',
  description: 'Edit with the keys of Vim.',
  'jupyter.lab.menus': {
    main: [
      {
        id: 'jp-mainmenu-settings',
        items: [{ command: 'poolbook:vim', rank: 30 }]
      }
    ]
  },
  type: 'object',
  properties: {},
  additionalProperties: false
};
