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

const COMMAND = 'poolbook:vim';

type Vim = typeof import('@replit/codemirror-vim');

let loaded: Vim | undefined;
let on = false;

/** The editors that are there. */
const views = new Set<EditorView>();
const place = new Compartment();

const keys = (): Extension => (on && loaded ? loaded.vim() : []);

const registered = ViewPlugin.define(view => {
  views.add(view);
  return { destroy: () => views.delete(view) };
});

/** Gives all editors the keys, or takes them. */
async function turn(to: boolean): Promise<void> {
  on = to;
  // Without the network it is as it was, and asked for again with the next change.
  if (on) loaded ??= await import('@replit/codemirror-vim');
  for (const view of views)
    view.dispatch({ effects: place.reconfigure(keys()) });
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
  id: COMMAND,
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
    // Not one of the editor's own settings: to change one of those gives all cells line numbers until the page is opened anew.
    editors.addExtension({
      name: COMMAND,
      factory: () =>
        EditorExtensionRegistry.createImmutableExtension([
          registered,
          // Before the editor's own, as their package asks for.
          Prec.highest(place.of(keys()))
        ])
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
    app.commands.addCommand(COMMAND, {
      label: 'Vim Keys',
      describedBy: { args: null },
      isEnabled: () => registry !== null,
      isToggled: () => on,
      execute: () => registry!.set(COMMAND, 'enabled', !on)
    });
    palette?.addItem({ command: COMMAND, category: 'Settings' });
    void registry?.load(COMMAND).then(settings => {
      const read = (): void => {
        const to = settings.composite['enabled'] === true;
        if (to === on) return;
        void turn(to)
          .catch(() => undefined)
          .then(() => app.commands.notifyCommandChanged(COMMAND));
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
        items: [{ command: COMMAND, rank: 30 }]
      }
    ]
  },
  type: 'object',
  properties: {
    enabled: {
      title: 'Vim keys',
      description: 'Edit cells and files with the keys of Vim.',
      type: 'boolean',
      default: false
    }
  },
  additionalProperties: false
};
