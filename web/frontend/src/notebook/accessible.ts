// What JupyterLab's notebook does not say to screen readers: names of its
// editors, and that its list of cells is made of articles.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry
} from '@jupyterlab/codemirror';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { EditorView } from '@codemirror/view';

function nameCells(panel: NotebookPanel): void {
  const notebook = panel.content;
  const name = (): void => {
    notebook.widgets.forEach((cell, i) => {
      cell.node.setAttribute('role', 'article');
      cell.node.setAttribute('aria-label', `Cell ${i + 1}, ${cell.model.type}`);
    });
  };
  let asked = 0;
  const later = (): void => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(name);
  };
  const follow = (): void => {
    notebook.model?.cells.changed.connect(later);
    later();
  };
  notebook.modelChanged.connect(follow);
  follow();
}

/** The button for what has no room in a toolbar is not one that stays pressed. */
function unpress(panel: NotebookPanel): void {
  const remove = (): void => {
    for (const node of panel.toolbar.node.querySelectorAll(
      'jp-button[title="More commands"]'
    )) {
      node.removeAttribute('aria-pressed');
    }
  };
  const observer = new MutationObserver(remove);
  observer.observe(panel.toolbar.node, { childList: true, subtree: true });
  panel.disposed.connect(() => observer.disconnect());
  remove();
}

export const accessible: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:accessible',
  description: 'Names for screen readers.',
  autoStart: true,
  requires: [INotebookTracker, IEditorExtensionRegistry],
  activate: (
    _app,
    tracker: INotebookTracker,
    editors: IEditorExtensionRegistry
  ) => {
    const label = EditorView.contentAttributes.of({ 'aria-label': 'Source' });
    editors.addExtension({
      name: 'poolbook:label',
      factory: () => EditorExtensionRegistry.createImmutableExtension(label)
    });
    tracker.widgetAdded.connect((_, panel) => {
      nameCells(panel);
      unpress(panel);
    });
  }
};
