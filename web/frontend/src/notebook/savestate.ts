// A word in the notebook's toolbar that says whether it is saved.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry, Notification } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Widget as LuminoWidget } from '@lumino/widgets';
import { Widget } from '@lumino/widgets';
import { address, request } from '../page';
import { foreignChanged, foreignVersion } from './saving';
import { connection, connectionChanged } from './trouble';

type State =
  'saved' | 'unsaved' | 'saving' | 'failed' | 'away' | 'foreign' | 'gone';

const words: Record<State, string> = {
  saved: 'Saved',
  unsaved: 'Unsaved changes',
  saving: 'Saving…',
  failed: 'Not saved',
  away: 'Not connected',
  foreign: 'Changed elsewhere',
  gone: 'File is gone'
};

class SaveState extends Widget {
  private state: State = 'saved';
  private readonly word = document.createElement('span');
  private readonly button = document.createElement('button');

  constructor(
    private readonly context: DocumentRegistry.Context,
    solve: () => void
  ) {
    super();
    this.addClass('pb-SaveState');
    this.node.setAttribute('role', 'status');
    this.button.type = 'button';
    this.button.addEventListener('click', solve);
    this.button.hidden = true;
    this.node.append(this.word, this.button);
    foreignChanged.connect(this.update, this);
    context.saveState.connect(this.onSave, this);
    context.model.stateChanged.connect(this.update, this);
    connectionChanged.connect(this.update, this);
    void context.ready.then(() => {
      this.update();
      if (context.contentsModel?.writable === false)
        void this.explain().catch(() => undefined);
    });
    this.update();
  }

  /** The server knows of a reason that JupyterLab's model of a file has no place for. */
  private async explain(): Promise<void> {
    const { poolbook_read_only: reason } = await request<{
      poolbook_read_only?: string;
    }>(
      'GET',
      address('api', 'contents', this.context.path) + '?type=notebook&content=1'
    );
    if (reason && !this.isDisposed)
      Notification.warning(reason, { autoClose: false });
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
    if (connection() !== 'good') state = state === 'saved' ? 'away' : 'failed';
    const version = foreignVersion(this.context);
    if (version) state = version === 'gone' ? 'gone' : 'foreign';
    this.node.dataset['state'] = state;
    const text =
      this.context.contentsModel?.writable === false
        ? 'Read only'
        : words[state];
    // Announced by screen readers, so only when it is another one.
    const other = version ? this.button : this.word;
    this.word.hidden = Boolean(version);
    this.button.hidden = !version;
    if (other.textContent !== text) other.textContent = text;
    this.node.title = text;
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
  activate: (app, registry: IToolbarWidgetRegistry) => {
    registry.addFactory('Notebook', 'saveState', (panel: LuminoWidget) => {
      return new SaveState((panel as NotebookPanel).context, () => {
        void app.commands.execute('poolbook:changed-elsewhere');
      });
    });
  }
};
