// A word in the notebook's toolbar that says whether it is saved.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Widget as LuminoWidget } from '@lumino/widgets';
import { Widget } from '@lumino/widgets';

type State = 'saved' | 'unsaved' | 'saving' | 'failed';

const words: Record<State, string> = {
  saved: 'Saved',
  unsaved: 'Unsaved changes',
  saving: 'Saving…',
  failed: 'Not saved'
};

class SaveState extends Widget {
  private state: State = 'saved';

  constructor(private readonly context: DocumentRegistry.Context) {
    super();
    this.addClass('pb-SaveState');
    this.node.setAttribute('role', 'status');
    context.saveState.connect(this.onSave, this);
    context.model.stateChanged.connect(this.update, this);
    void context.ready.then(() => this.update());
    this.update();
  }

  private onSave(_: unknown, state: DocumentRegistry.SaveState): void {
    if (state === 'started') this.state = 'saving';
    else if (state === 'failed') this.state = 'failed';
    else this.state = 'saved';
    this.update();
  }

  protected override onUpdateRequest(): void {
    if (this.isDisposed) return;
    let state = this.state;
    if (state === 'saved' && this.context.isReady && this.context.model.dirty)
      state = 'unsaved';
    this.node.dataset['state'] = state;
    const text =
      this.context.contentsModel?.writable === false
        ? 'Read only'
        : words[state];
    // Announced by screen readers, so only when it is another one.
    if (this.node.textContent !== text) this.node.textContent = text;
  }
}

/** The toolbar's item, as setting schemas describe it. */
export const schema = {
  title: 'Save state',
  description: 'Whether the notebook is saved.',
  'jupyter.lab.toolbars': { Notebook: [{ name: 'saveState', rank: 110 }] },
  type: 'object',
  properties: {},
  additionalProperties: false
};

export const saveState: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:save-state',
  description: 'Shows in the toolbar whether the notebook is saved.',
  autoStart: true,
  requires: [IToolbarWidgetRegistry],
  activate: (_app, registry: IToolbarWidgetRegistry) => {
    registry.addFactory('Notebook', 'saveState', (panel: LuminoWidget) => {
      return new SaveState((panel as NotebookPanel).context);
    });
  }
};
